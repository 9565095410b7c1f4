// An offer and its PIN become credentials, each with a key of its own.
import { clientAuthenticationAnonymous } from '@openid4vc/oauth2'
import { Openid4vciClient } from '@openid4vc/openid4vci'
import { callbacks, newKey, publicPart } from './keys.mjs'
import { checked } from './records.mjs'

const COPIES = 2
const DEFERRED_TRIES = 20

export async function receive(offerLink, pin) {
  const keys = []
  const signer = () => {
    const key = newKey()
    keys.push(key)
    return { method: 'jwk', alg: 'ES256', publicJwk: publicPart(key) }
  }
  const client = new Openid4vciClient({ callbacks: callbacks(keys, clientAuthenticationAnonymous()) })
  const credentialOffer = await client.resolveCredentialOffer(offerLink)
  const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer)
  const dpop = { signer: signer() }
  const { accessTokenResponse, dpop: answered } =
    await client.retrievePreAuthorizedCodeAccessTokenFromOffer({
      credentialOffer,
      issuerMetadata,
      txCode: pin,
      dpop,
    })
  const access = {
    issuerMetadata,
    accessToken: accessTokenResponse.access_token,
    dpop: { ...dpop, ...answered },
  }
  const batch = issuerMetadata.credentialIssuer.batch_credential_issuance?.batch_size ?? 1
  const copies = Math.min(batch, COPIES)
  const stored = []
  for (const id of credentialOffer.credential_configuration_ids) {
    const holders = Array.from({ length: copies }, signer)
    const texts = await credentials(client, access, id, holders)
    for (const [index, text] of texts.entries()) {
      const { publicJwk } = holders[index]
      const { vct, cnf } = await checked(text)
      if (cnf.jwk.x !== publicJwk.x) throw new Error('a credential is bound to another key')
      stored.push({ configuration: id, vct, credential: text, key: keys.find((k) => k.x === publicJwk.x) })
    }
  }
  return { issuer: credentialOffer.credential_issuer, version: issuerMetadata.originalDraftVersion, stored }
}

async function credentials(client, access, id, holders) {
  const { c_nonce: nonce } = await client.requestNonce({ issuerMetadata: access.issuerMetadata })
  const proof = (signer) =>
    client.createCredentialRequestJwtProof({
      issuerMetadata: access.issuerMetadata,
      credentialConfigurationId: id,
      signer,
      nonce,
      issuedAt: new Date(),
    })
  const jwt = (await Promise.all(holders.map(proof))).map((made) => made.jwt)
  const { credentialResponse: first } = await client.retrieveCredentials({
    ...access,
    credentialConfigurationId: id,
    proofs: { jwt },
  })
  const credentialResponse = first.transaction_id ? await later(client, access, first) : first
  if (credentialResponse.notification_id && access.issuerMetadata.credentialIssuer.notification_endpoint) {
    await client.sendNotification({
      ...access,
      notification: { notificationId: credentialResponse.notification_id, event: 'credential_accepted' },
    })
  }
  const texts = credentialResponse.credentials.map((entry) => entry.credential)
  if (texts.length !== holders.length) throw new Error(`asked for ${holders.length}, got ${texts.length}`)
  return texts
}

// What the issuer puts off is asked for again, as often and as late as it says.
async function later(client, access, { transaction_id: transactionId, interval }) {
  for (let tries = 0; tries < DEFERRED_TRIES; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, interval * 1000))
    const { deferredCredentialResponse } = await client.retrieveDeferredCredentials({
      ...access,
      transactionId,
    })
    if (deferredCredentialResponse.credentials) return deferredCredentialResponse
  }
  throw new Error('the issuer put the record off too often')
}
