// node wallet.mjs receive OFFER PIN             -> {issuer, stored: [{vct, credential, key}]}
// node wallet.mjs present LINK STORED [LIMIT]   -> {client, status, body, answered}
// The CA of the servers comes in NODE_EXTRA_CA_CERTS, the trust anchors in WALLET_TRUST_ANCHORS.
import { readFileSync } from 'node:fs'
import { argv, exit, stderr, stdout } from 'node:process'
import { inspect } from 'node:util'
import { answer } from './present.mjs'
import { receive } from './receive.mjs'

const [command, first, second, third] = argv.slice(2)
const limit = third === undefined ? undefined : Number(third)
const commands = {
  receive: () => receive(first, second),
  present: () => answer(first, JSON.parse(readFileSync(second, 'utf8')).stored, limit),
}

try {
  stdout.write(JSON.stringify(await commands[command]()))
} catch (error) {
  stderr.write(`${inspect(error, { depth: 8 })}\n`)
  exit(1)
}
