// Reads bytes that Python wrote into the page as text, see export/packing.py.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=:?@^_`{|}~";

/** The bytes that a text of 85 digits stands for, five digits for four bytes. @param {string} text */
function undigited(text) {
  const values = new Uint8Array(128);
  [...DIGITS].forEach((digit, value) => { values[digit.charCodeAt(0)] = value; });
  const padding = (5 - (text.length % 5)) % 5;
  const bytes = new Uint8Array(((text.length + padding) / 5) * 4);
  const view = new DataView(bytes.buffer);
  for (let at = 0, word = 0; at < text.length; at += 5, word += 4) {
    let number = 0;
    for (let place = at; place < at + 5; place++) {
      number = number * 85 + (place < text.length ? values[text.charCodeAt(place)] : 84);
    }
    view.setUint32(word, number);
  }
  return bytes.subarray(0, bytes.length - padding);
}

/** The bytes that were deflated into a text. @param {string} text */
export async function inflated(text) {
  if (!("DecompressionStream" in globalThis)) {
    throw new Error("the browser is too old to unpack it, so open it in one of 2023 or later");
  }
  try {
    const stream = new Blob([undigited(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error("a part of the file is missing or was changed, so get the file again");
  }
}
