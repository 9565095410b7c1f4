// Reads a QR code with the camera, here in the browser: no picture leaves it. The form is sent at
// once, unless the page has words for a code that was read (data-read): then there is more to say.
// Without this file, or without a camera, a photo or the typed code does the same.
const box = document.getElementById("camera");
if (box && window.ZXingWASM && navigator.mediaDevices?.getUserMedia) {
  ZXingWASM.prepareZXingModule({
    overrides: { locateFile: () => "/static/vendor/zxing-reader.wasm" },
  });
  const view = box.querySelector("video");
  const said = box.querySelector("[role=status]");
  const canvas = document.createElement("canvas");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "nhsuk-button nhsuk-button--secondary";
  button.textContent = box.dataset.start;
  box.prepend(button);
  box.hidden = false;
  let stream = null;

  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    view.hidden = true;
    button.textContent = box.dataset.start;
  };

  const look = async () => {
    if (!stream) return;
    if (view.videoWidth) {
      canvas.width = view.videoWidth;
      canvas.height = view.videoHeight;
      const drawing = canvas.getContext("2d", { willReadFrequently: true });
      drawing.drawImage(view, 0, 0);
      const picture = drawing.getImageData(0, 0, canvas.width, canvas.height);
      const found = await ZXingWASM.readBarcodes(picture, { formats: ["QRCode"], maxNumberOfSymbols: 1 });
      if (stream && found.length && found[0].isValid) {
        stop();
        document.getElementById("text").value = found[0].text;
        if (box.dataset.read) said.textContent = box.dataset.read;
        else document.getElementById("bring").requestSubmit();
        return;
      }
    }
    setTimeout(look, 150);
  };

  button.addEventListener("click", async () => {
    if (stream) {
      stop();
      return;
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      said.textContent = box.dataset.failed;
      return;
    }
    said.textContent = "";
    view.srcObject = stream;
    view.hidden = false;
    button.textContent = box.dataset.stop;
    await view.play();
    look();
  });
  window.addEventListener("pagehide", stop);
}
