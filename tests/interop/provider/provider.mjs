// One published provider with two clients, over https on loopback; it says when it listens.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const { PORT, PEM, SECRET, CLIENT_JWK, PAGES } = process.env;
const pages = JSON.parse(PAGES);
const issuer = `https://localhost:${PORT}`;
const made = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  alg,
  kid: alg,
});

const common = {
  redirect_uris: pages.map((page) => `${page}/sign-in/callback`),
  post_logout_redirect_uris: pages.map((page) => `${page}/signed-out`),
  response_types: ['code'],
  grant_types: ['authorization_code'],
};

const provider = new Provider(issuer, {
  clients: [
    {
      ...common,
      client_id: 'desk-with-secret',
      client_secret: SECRET,
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
    },
    {
      ...common,
      client_id: 'desk-with-key',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [JSON.parse(CLIENT_JWK)] },
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: {
    keys: [
      made('rsa', { modulusLength: 2048 }, 'RS256'),
      made('ec', { namedCurve: 'P-256' }, 'ES256'),
    ],
  },
  cookies: { keys: ['only for this test'] },
  scopes: ['openid', 'profile', 'roles'],
  claims: { openid: ['sub'], profile: ['name'], roles: ['roles'] },
  clientAuthMethods: ['client_secret_basic', 'private_key_jwt'],
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `Some ${id}`, roles: [id] }),
  }),
});

const pem = readFileSync(PEM);
createServer({ key: pem, cert: pem }, provider.callback()).listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening ${issuer}`);
});
