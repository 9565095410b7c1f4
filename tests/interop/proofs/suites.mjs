// The cryptosuites of the packages, the keys they take, and a loader that fetches nothing.
import * as bbs from '@digitalbazaar/bbs-2023-cryptosuite'
import * as Bls12381Multikey from '@digitalbazaar/bls12-381-multikey'
import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey'
import { cryptosuite as ecdsaRdfc } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite'
import * as ecdsaSd from '@digitalbazaar/ecdsa-sd-2023-cryptosuite'
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey'
import { cryptosuite as eddsaRdfc } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite'

const BBS_ALGORITHM = 'BBS-BLS12-381-SHA-256'
const WHOLE = { 'ecdsa-rdfc-2019': ecdsaRdfc, 'eddsa-rdfc-2022': eddsaRdfc }
const SELECTIVE = { 'ecdsa-sd-2023': ecdsaSd, 'bbs-2023': bbs }
const DID_CONTEXTS = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1']

export const verifier = (name) =>
  new DataIntegrityProof({ cryptosuite: WHOLE[name] ?? SELECTIVE[name].createVerifyCryptosuite() })

export const verifiers = () => [...Object.keys(WHOLE), ...Object.keys(SELECTIVE)].map(verifier)

export const discloser = (name, selectivePointers) =>
  new DataIntegrityProof({
    cryptosuite: SELECTIVE[name].createDiscloseCryptosuite({ selectivePointers }),
  })

export const signer = (name, key, mandatoryPointers, date) =>
  new DataIntegrityProof({
    signer: key.signer(),
    date,
    cryptosuite: WHOLE[name] ?? SELECTIVE[name].createSignCryptosuite({ mandatoryPointers }),
  })

// A new key under its did:key, for the suite called `name`.
export async function newKey(name) {
  const key =
    name === 'bbs-2023'
      ? await Bls12381Multikey.generateBbsKeyPair({ algorithm: BBS_ALGORITHM })
      : name === 'eddsa-rdfc-2022'
        ? await Ed25519Multikey.generate()
        : await EcdsaMultikey.generate({ curve: 'P-256' })
  const { publicKeyMultibase } = await key.export({ publicKey: true })
  key.controller = `did:key:${publicKeyMultibase}`
  key.id = `${key.controller}#${publicKeyMultibase}`
  return key
}

// Contexts as they were handed in, did:key documents from their own text; nothing else.
export function loader(contexts) {
  return async (url) => {
    const document = contexts[url] ?? didKey(url)
    if (document === undefined) throw new Error(`nothing is fetched: ${url}`)
    return { contextUrl: null, document, documentUrl: url }
  }
}

function didKey(url) {
  if (!url.startsWith('did:key:')) return undefined
  const [did, fragment] = url.split('#')
  const key = did.slice('did:key:'.length)
  const id = `${did}#${key}`
  const method = { id, type: 'Multikey', controller: did, publicKeyMultibase: key }
  if (fragment !== undefined) return { '@context': DID_CONTEXTS[1], ...method }
  return {
    '@context': DID_CONTEXTS,
    id: did,
    verificationMethod: [method],
    assertionMethod: [id],
    authentication: [id],
  }
}
