// SD-JWT VC with @sd-jwt: check what was received, present what was chosen.
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { hasher, signText, trustedKey, verifyText } from './keys.mjs'

const headerOf = (text) => JSON.parse(Buffer.from(text.split('.', 1)[0], 'base64url').toString())

// Signature by the leaf of x5c; used for credentials and for status lists alike.
const verifier = async (text, signature) => verifyText(trustedKey(headerOf(text).x5c), text, signature)

// The credential's claims, all disclosed, after signature, validity and status were checked.
export async function checked(text) {
  const instance = new SDJwtVcInstance({ hasher, verifier })
  const { payload } = await instance.verify(text)
  return payload
}

// One presentation: `frame` says what to disclose, the challenge binds it to one request.
export async function present({ credential, key }, frame, { nonce, audience }) {
  const instance = new SDJwtVcInstance({
    hasher,
    kbSignAlg: 'ES256',
    kbSigner: async (text) => signText(key, text),
  })
  const payload = { iat: Math.floor(Date.now() / 1000), nonce, aud: audience }
  return instance.present(credential, frame, { kb: { payload } })
}
