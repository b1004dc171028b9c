// Creates the page's elements without HTML strings, so that no text of the data can become markup.

/**
 * An element with properties and children; texts stay texts.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] such as {className: "quiet", ariaLabel: "Clear"}; names with a dash become attributes
 * @param {...(Node|string|null)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || !(name in made)) made.setAttribute(name, String(value));
    else Reflect.set(made, name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A button that does something. @param {string} text @param {() => void} action @param {Record<string, unknown>} [properties] */
export function actionButton(text, action, properties = {}) {
  const made = element("button", { type: "button", ...properties }, text);
  made.addEventListener("click", action);
  return made;
}

/** A menu. @param {Iterable<readonly [value: string, text: string]>} entries such as Object.entries of texts @param {Record<string, unknown>} [properties] */
export function menuOf(entries, properties = {}) {
  return element("select", properties, ...Array.from(entries, ([value, text]) => element("option", { value }, text)));
}

/** Puts a panel's heading and content into its section, and shows it. @param {HTMLElement} root @param {string} title @param {...Node} children */
export function fillPanel(root, title, ...children) {
  const heading = element("h2", { id: `${root.id}-title` }, title);
  root.setAttribute("aria-labelledby", heading.id);
  root.removeAttribute("aria-label");
  root.replaceChildren(heading, ...children);
  root.hidden = false;
}

/** The value of a color of the theme, such as "--accent". @param {string} name */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
