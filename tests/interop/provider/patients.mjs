// The published provider as NHS login speaks: vectors of trust, RS512, private_key_jwt with RSA.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const { PORT, PEM, CLIENT_JWK, CALLBACK, PEOPLE } = process.env;
const people = JSON.parse(PEOPLE);
const issuer = `https://localhost:${PORT}`;
const key = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg: 'RS512',
  kid: 'signing',
};

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'surgery',
      redirect_uris: [CALLBACK],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'RS512',
      jwks: { keys: [JSON.parse(CLIENT_JWK)] },
      id_token_signed_response_alg: 'RS512',
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: ['only for this test'] },
  scopes: ['openid', 'profile'],
  claims: {
    openid: ['sub', 'vot', 'vtm'],
    profile: ['nhs_number', 'birthdate', 'family_name', 'identity_proofing_level'],
  },
  conformIdTokenClaims: false,
  extraParams: ['vtr'],
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: {
    idTokenSigningAlgValues: ['RS512'],
    clientAuthSigningAlgValues: ['RS512'],
  },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, vtm: `${issuer}/trustmark`, ...people[id] }),
  }),
});

const pem = readFileSync(PEM);
createServer({ key: pem, cert: pem }, provider.callback()).listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening ${issuer}`);
});
