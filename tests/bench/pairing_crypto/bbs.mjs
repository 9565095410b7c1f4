// CPU milliseconds of signing, proving and checking so many messages: the median of so many rounds.
import pairing from "@mattrglobal/pairing-crypto";

const [count, rounds] = process.argv.slice(2).map(Number);
const { sign, verify, deriveProof, verifyProof, generateKeyPair } = pairing.bbs.bls12381_sha256;
const octets = (text) => new Uint8Array(Buffer.from(text));

const { publicKey, secretKey } = await generateKeyPair();
const header = octets("header");
const presentationHeader = octets("presentation header");
const messages = Array.from({ length: count }, (_, n) => octets(`statement ${n} of a record`));
const choice = messages.map((value, n) => ({ value, reveal: n % 2 === 0 }));
const shown = Object.fromEntries(messages.map((m, n) => [n, m]).filter(([n]) => n % 2 === 0));

const signature = await sign({ publicKey, secretKey, header, messages });
const proving = { publicKey, header, presentationHeader, signature, messages: choice };
const prove = () => deriveProof({ ...proving, verifySignature: false });
const proof = await prove();

const right = async (result) => {
  if (!(await result).verified) throw new Error("the peer refuses what it made");
};
const works = {
  sign: () => sign({ publicKey, secretKey, header, messages }),
  verify: () => right(verify({ publicKey, header, signature, messages })),
  proofGen: prove,
  proofVerify: () =>
    right(verifyProof({ publicKey, header, presentationHeader, proof, messages: shown })),
};

const times = {};
for (const [name, work] of Object.entries(works)) {
  await work();
  const found = [];
  for (let round = 0; round < rounds; round += 1) {
    const begin = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(begin);
    found.push((user + system) / 1000);
  }
  times[name] = found.sort((a, b) => a - b)[Math.floor(rounds / 2)];
}
console.log(JSON.stringify(times));
