// The secret of a link stands behind the "#", which browsers keep to themselves: it is put into the
// form here. Without scripts the patient pastes the link instead.
"use strict";
const secret = location.hash;
const field = document.getElementById("link");
if (field && /^#[\w-]{43}$/.test(secret)) {
  field.value = secret;
  document.getElementById("typed").hidden = true;
  for (const other of document.querySelectorAll(".console-language")) {
    other.hash = secret;
  }
}
