// What the packages leave to a wallet: keys, signatures, hashes, one JWE. Node's own crypto alone.
import {
  X509Certificate,
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { env } from 'node:process'

const P1363 = 'ieee-p1363' // RFC 7518 section 3.4: R || S, not DER
const KEY_BYTES = { A128GCM: 16, A256GCM: 32 }

export const b64url = (value) => Buffer.from(value).toString('base64url')

export function newKey() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
}

export const publicPart = ({ kty, crv, x, y }) => ({ kty, crv, x, y })

export function signText(privateJwk, text) {
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' })
  return sign('sha256', Buffer.from(text), { key, dsaEncoding: P1363 }).toString('base64url')
}

export function verifyText(publicKey, text, signature) {
  const bytes = Buffer.from(signature, 'base64url')
  return verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: P1363 }, bytes)
}

// The leaf's key, once the chain is known to end at one of the trust anchors handed to the wallet.
export function trustedKey(x5c) {
  const anchors = env.WALLET_TRUST_ANCHORS.split(':').map((f) => new X509Certificate(readFileSync(f)))
  const chain = x5c.map((text) => new X509Certificate(Buffer.from(text, 'base64')))
  const now = Date.now()
  for (const [index, certificate] of chain.entries()) {
    if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) {
      throw new Error(`certificate ${index} is not valid now`)
    }
    const issuer = chain[index + 1]
    const parents = issuer ? [issuer] : anchors
    if (!parents.some((p) => certificate.checkIssued(p) && certificate.verify(p.publicKey))) {
      throw new Error(`certificate ${index} does not lead to a trust anchor`)
    }
  }
  return chain[0].publicKey
}

const hash = (data, algorithm) => createHash(algorithm.replace('-', '')).update(data).digest()

export const hasher = (data, algorithm) => new Uint8Array(hash(Buffer.from(data), algorithm))

// The callbacks of @openid4vc; `keys` are the private JWKs that this wallet holds.
export function callbacks(keys, clientAuthentication) {
  const held = (jwk) => keys.find((key) => key.x === jwk.x && key.y === jwk.y)
  return {
    fetch: globalThis.fetch,
    clientAuthentication,
    generateRandom: (count) => new Uint8Array(randomBytes(count)),
    hash: async (data, algorithm) => hasher(data, algorithm),
    signJwt: async (signer, { header, payload }) => {
      const text = `${b64url(JSON.stringify(header))}.${b64url(JSON.stringify(payload))}`
      const key = held(signer.publicJwk)
      return { jwt: `${text}.${signText(key, text)}`, signerJwk: publicPart(key) }
    },
    verifyJwt: async (signer, { compact }) => {
      const key =
        signer.method === 'x5c'
          ? trustedKey(signer.x5c)
          : createPublicKey({ key: signer.publicJwk, format: 'jwk' })
      const end = compact.lastIndexOf('.')
      const verified = verifyText(key, compact.slice(0, end), compact.slice(end + 1))
      return { verified, signerJwk: key.export({ format: 'jwk' }) }
    },
    getX509CertificateMetadata: (text) => {
      const names = new X509Certificate(Buffer.from(text, 'base64')).subjectAltName ?? ''
      const of = (kind) =>
        names.split(', ').filter((n) => n.startsWith(kind)).map((n) => n.slice(kind.length))
      return { sanDnsNames: of('DNS:'), sanUriNames: of('URI:') }
    },
    encryptJwe: async (encryptor, plaintext) => ({
      encryptionJwk: encryptor.publicJwk,
      jwe: encrypt(encryptor, plaintext),
    }),
    decryptJwe: async () => ({ decrypted: false }),
  }
}

// RFC 7518 section 4.6.2: Concat KDF, direct agreement, one round for keys up to 256 bits.
function agreedKey(secret, enc, apu, apv) {
  const sized = (bytes) => Buffer.concat([uint32(bytes.length), bytes])
  const bits = uint32(KEY_BYTES[enc] * 8)
  const info = [sized(Buffer.from(enc)), sized(apu), sized(apv), bits]
  const digest = createHash('sha256').update(Buffer.concat([uint32(1), secret, ...info])).digest()
  return digest.subarray(0, KEY_BYTES[enc])
}

function uint32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function encrypt({ publicJwk, alg, enc, apu, apv }, plaintext) {
  if (alg !== 'ECDH-ES' || !(enc in KEY_BYTES)) throw new Error(`cannot encrypt ${alg} ${enc}`)
  const ephemeral = newKey()
  const secret = diffieHellman({
    privateKey: createPrivateKey({ key: ephemeral, format: 'jwk' }),
    publicKey: createPublicKey({ key: publicPart(publicJwk), format: 'jwk' }),
  })
  const header = { alg, enc, kid: publicJwk.kid, apu, apv, epk: publicPart(ephemeral) }
  const aad = b64url(JSON.stringify(header))
  const parts = [apu, apv].map((text) => Buffer.from(text ?? '', 'base64url'))
  const iv = randomBytes(12)
  const key = agreedKey(secret, enc, ...parts)
  const cipher = createCipheriv(`aes-${KEY_BYTES[enc] * 8}-gcm`, key, iv)
  cipher.setAAD(Buffer.from(aad))
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return [aad, '', b64url(iv), b64url(sealed), b64url(cipher.getAuthTag())].join('.')
}
