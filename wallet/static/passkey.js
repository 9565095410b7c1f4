// Makes a passkey, or asks one that is known (WebAuthn with the PRF extension). What it gives goes
// into this page's own form: opening the wallet with it is the only proof that counts, so no
// signature is looked at and the challenge is as good as any.
// Without this file the passphrase and the twelve words work as ever.
const form = document.getElementById("passkey");

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

if (form && window.PublicKeyCredential) {
  const { asked, known, name, failed, make } = form.dataset;
  const prf = { prf: { eval: { first: bytes(asked) } } };
  const ids = known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));
  const random = (length) => crypto.getRandomValues(new Uint8Array(length));
  const said = document.getElementById("passkey-said");
  form.hidden = false;

  const ask = (allowed) =>
    navigator.credentials.get({
      publicKey: {
        challenge: random(32),
        rpId: location.hostname,
        allowCredentials: allowed,
        userVerification: "required",
        extensions: prf,
      },
    });

  const made = async () => {
    const credential = await navigator.credentials.create({
      publicKey: {
        challenge: random(32),
        rp: { id: location.hostname, name },
        user: { id: random(16), name, displayName: name },
        pubKeyCredParams: [
          { type: "public-key", alg: -7 },
          { type: "public-key", alg: -257 },
        ],
        excludeCredentials: ids,
        authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
        extensions: prf,
      },
    });
    const found = credential.getClientExtensionResults().prf;
    // Some tell the secret only when they are asked after having been made.
    return found?.results?.first ? credential : ask([{ type: "public-key", id: credential.rawId }]);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const credential = await (make ? made() : ask(ids));
      const secret = credential.getClientExtensionResults().prf?.results?.first;
      if (!secret) throw new Error("no secret");
      form.elements.credential.value = text(credential.rawId);
      form.elements.secret_prf.value = text(secret);
      form.submit();
    } catch {
      said.textContent = failed;
    }
  });
}
