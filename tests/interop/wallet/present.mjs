// A request link and what is stored become one answer, chosen by DCQL and nothing else.
import { Openid4vpClient } from '@openid4vc/openid4vp'
import { DcqlQuery } from 'dcql'
import { callbacks } from './keys.mjs'
import { checked, present } from './records.mjs'

const METADATA = {
  vp_formats_supported: { 'dc+sd-jwt': { 'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256'] } },
  client_id_prefixes_supported: ['x509_hash'],
  request_object_signing_alg_values_supported: ['ES256'],
  authorization_encryption_alg_values_supported: ['ECDH-ES'],
  authorization_encryption_enc_values_supported: ['A256GCM', 'A128GCM'],
}

export async function answer(link, stored, limit) {
  const client = new Openid4vpClient({ callbacks: callbacks([]) })
  const { params } = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link })
  const request = await client.resolveOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: params,
    wallet: { metadata: METADATA },
  })
  const payload = request.authorizationRequestPayload
  const challenge = { nonce: payload.nonce, audience: payload.client_id }
  const vp_token = {}
  for (const [id, { held, claims }] of Object.entries(await chosen(request.dcql.query, stored))) {
    vp_token[id] = [await present(held, frame(claims, limit), challenge)]
  }
  const { jarm } = await client.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload,
    authorizationResponsePayload: { vp_token },
    jarm: {
      encryption: {},
      serverMetadata: {
        authorization_encryption_alg_values_supported: ['ECDH-ES'],
        authorization_encryption_enc_values_supported: ['A256GCM', 'A128GCM'],
      },
    },
  })
  const { response } = await client.submitOpenid4vpAuthorizationResponse({
    authorizationRequestPayload: payload,
    authorizationResponsePayload: { vp_token },
    jarm,
  })
  return {
    client: request.client.effective,
    prefix: request.client.prefix,
    status: response.status,
    body: await response.text(),
    answered: Object.keys(vp_token),
  }
}

// For each credential query that can be answered: the first match and its fullest claim set.
async function chosen(query, stored) {
  const parsed = DcqlQuery.parse(query)
  DcqlQuery.validate(parsed)
  const records = await Promise.all(
    stored.map(async ({ credential }) => {
      const claims = await checked(credential)
      return {
        credential_format: 'dc+sd-jwt',
        vct: claims.vct,
        claims,
        cryptographic_holder_binding: true,
      }
    })
  )
  const result = DcqlQuery.query(parsed, records)
  if (!result.can_be_satisfied) throw new Error('nothing stored answers this request')
  const matches = Object.entries(result.credential_matches).filter(([, match]) => match.success)
  return Object.fromEntries(
    matches.map(([id, { valid_credentials: [match] }]) => [
      id,
      {
        held: stored[match.input_credential_index],
        claims: match.claims.valid_claim_sets[0].output,
      },
    ])
  )
}

// A presentation frame of @sd-jwt from what DCQL chose; `limit` keeps that many elements of `items`.
function frame(value, limit) {
  if (Array.isArray(value)) {
    const kept = value.map((element, index) => [index, element])
    return Object.fromEntries(
      kept
        .filter(([index, element]) => element !== null && !(index >= limit))
        .map(([index, element]) => [index, frame(element)])
    )
  }
  if (value === null || typeof value !== 'object') return true
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, frame(inner, name === 'items' ? limit : undefined)])
  )
}
