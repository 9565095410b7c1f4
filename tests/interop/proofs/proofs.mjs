// node proofs.mjs < jobs.json: {contexts, now, jobs: [...]} -> one answer for each job, in order.
//   {do: 'verify', credential} {do: 'verify', presentation, challenge, domain} -> {verified, error}
//   {do: 'derive', credential, suite, pointers} -> {credential}
//   {do: 'issue', credential, suite, mandatory} -> {credential}, with a new did:key as its issuer
//   {do: 'time', credential, suite, mandatory, pointers, rounds} -> {issue, derive, verify} in ms
import * as vc from '@digitalbazaar/vc'
import { readFileSync } from 'node:fs'
import { cpuUsage, stdout } from 'node:process'
import { discloser, loader, newKey, signer, verifier, verifiers } from './suites.mjs'

const { contexts, now, jobs } = JSON.parse(readFileSync(0, 'utf8'))
const documentLoader = loader(contexts)
const date = new Date(now)

async function check({ credential, presentation, challenge, domain }) {
  const options = { suite: verifiers(), documentLoader, now: date }
  const found = presentation
    ? await vc.verify({ ...options, presentation, challenge, domain })
    : await vc.verifyCredential({ ...options, credential })
  return { verified: found.verified, error: found.verified ? undefined : reasons(found.error) }
}

const reasons = (error) => [error, ...(error?.errors ?? [])].map(String).join('; ')

async function issue({ credential, suite, mandatory }, key) {
  const issuer = key ?? (await newKey(suite))
  return {
    credential: await vc.issue({
      credential: { ...structuredClone(credential), issuer: issuer.controller },
      suite: signer(suite, issuer, mandatory, date),
      documentLoader,
      now: date,
    }),
  }
}

async function derive({ credential, suite, pointers }) {
  return {
    credential: await vc.derive({
      verifiableCredential: structuredClone(credential),
      suite: discloser(suite, pointers),
      documentLoader,
    }),
  }
}

// CPU time of this process: the median of the rounds.
async function timed(rounds, work) {
  const found = []
  for (let round = 0; round < rounds; round++) {
    const begin = cpuUsage()
    await work()
    const { user, system } = cpuUsage(begin)
    found.push((user + system) / 1000)
  }
  return found.sort((a, b) => a - b)[rounds >> 1]
}

async function time({ credential, suite, mandatory, pointers, rounds }) {
  const key = await newKey(suite)
  const make = () => issue({ credential, suite, mandatory }, key)
  const made = await make()
  const show = () => (pointers ? derive({ ...made, suite, pointers }) : made)
  const shown = await show()
  const suiteOf = { suite: verifier(suite), documentLoader, now: date }
  const look = async () => {
    const found = await vc.verifyCredential({ ...suiteOf, ...structuredClone(shown) })
    if (!found.verified) throw found.error
  }
  await look()
  return {
    issue: await timed(rounds, make),
    derive: pointers ? await timed(rounds, show) : undefined,
    verify: await timed(rounds, look),
  }
}

const does = { verify: check, issue, derive, time }
const answers = []
for (const job of jobs) answers.push(await does[job.do](job))
stdout.write(JSON.stringify(answers))
