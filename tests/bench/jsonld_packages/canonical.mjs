// CPU milliseconds of JSON-LD to canonical N-Quads, of the document on stdin: the mean of 50 runs.
// in: {document, contexts}; out: a number
import { readFileSync } from 'node:fs'
import jsonld from 'jsonld'

const RUNS = 50
const input = JSON.parse(readFileSync(0, 'utf8'))
const load = async (url) => ({ documentUrl: url, document: { '@context': input.contexts[url] } })
const options = { algorithm: 'RDFC-1.0', format: 'application/n-quads', safe: true, documentLoader: load }
const run = async () => {
  for (let n = 0; n < RUNS; n += 1) await jsonld.canonize(input.document, options)
}

await run()
const begin = process.cpuUsage()
await run()
const { user, system } = process.cpuUsage(begin)
console.log((user + system) / RUNS / 1000)
