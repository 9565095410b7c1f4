// CPU milliseconds of issuing, presenting and verifying the claims on stdin: the median of rounds.
// in: {claims, frame, shown, nonce, audience, rounds}; out: {issue, present, verify, disclosures, shown}
import { createHash, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'

const asked = JSON.parse(readFileSync(0, 'utf8'))
const P1363 = { dsaEncoding: 'ieee-p1363' }
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = (key) => (data) => sign('sha256', Buffer.from(data), { key, ...P1363 }).toString('base64url')
const checker = (key) => (data, signature) =>
  verify('sha256', Buffer.from(data), { key, ...P1363 }, Buffer.from(signature, 'base64url'))
const hasher = (data, algorithm) => createHash(algorithm.replace('-', '')).update(data).digest()

const issuer = pair()
const holder = pair()
const jwk = holder.publicKey.export({ format: 'jwk' })
const instance = new SDJwtVcInstance({
  hasher,
  hashAlg: 'sha-256',
  saltGenerator: (length) => randomBytes(length).toString('base64url'),
  signer: signer(issuer.privateKey),
  signAlg: 'ES256',
  verifier: checker(issuer.publicKey),
  kbSigner: signer(holder.privateKey),
  kbSignAlg: 'ES256',
  kbVerifier: (data, signature) => checker(holder.publicKey)(data, signature),
})
const now = Math.floor(Date.now() / 1000)
const claims = { ...asked.claims, iss: 'https://issuer.example', iat: now, cnf: { jwk } }
const kb = { payload: { iat: now, aud: asked.audience, nonce: asked.nonce } }

const issued = await instance.issue(claims, asked.frame)
const shown = await instance.present(issued, asked.shown, { kb })
const works = {
  issue: () => instance.issue(claims, asked.frame),
  present: () => instance.present(issued, asked.shown, { kb }),
  verify: () => instance.verify(shown, { keyBindingNonce: asked.nonce }),
}
const count = (text) => text.split('~').length - 2
const found = { disclosures: count(issued), shown: count(shown) }
for (const [name, work] of Object.entries(works)) {
  const times = []
  for (let round = 0; round < asked.rounds; round += 1) {
    const begin = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(begin)
    times.push((user + system) / 1000)
  }
  found[name] = times.sort((a, b) => a - b)[Math.floor(asked.rounds / 2)]
}
console.log(JSON.stringify(found))
