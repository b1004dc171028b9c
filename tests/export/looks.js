// What test_page_looks.py asks of a page that is open.
() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();

  /** Red, green, blue and opacity of a color, however it is written. */
  function parts(css) {
    if (!known.has(css)) {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = css;
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue, opacity] = context.getImageData(0, 0, 1, 1).data;
      known.set(css, [red, green, blue, opacity / 255]);
    }
    return known.get(css);
  }

  const over = (front, back) => [0, 1, 2].map((at) => front[at] * front[3] + back[at] * (1 - front[3]));

  const lineOf = (node) => (node === null ? [] : [...lineOf(node.parentElement), node]);

  const background = (node) => lineOf(node)
    .reduce((back, one) => over(parts(getComputedStyle(one).backgroundColor), back), [255, 255, 255]);

  /** A color of an element as it is seen on what is behind it. */
  function seenColor(css, node, back) {
    const [red, green, blue, own] = parts(css);
    const opacity = lineOf(node).reduce((product, one) => product * Number(getComputedStyle(one).opacity), own);
    return over([red, green, blue, opacity], back);
  }

  /** The relative luminance of WCAG 2. */
  function luminance(color) {
    const [red, green, blue] = color.map((byte) => byte / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast(one, other) {
    const [bright, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (bright + 0.05) / (dark + 0.05);
  }

  function isSeen(node) {
    const { width, height } = node.getBoundingClientRect();
    return width > 1 && height > 1 && node.checkVisibility({ visibilityProperty: true }) && node.closest(".unseen") === null;
  }

  const isOff = (node) => node.closest(":disabled, [aria-disabled=true]") !== null;

  const called = (node) => `${node.tagName}.${node.getAttribute("class")} ${(node.textContent || node.ariaLabel || "").slice(0, 40)}`;

  /** How many texts there are, and those too faint. */
  function faintTexts() {
    const faint = new Set();
    let count = 0;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const node = walk.currentNode.parentElement;
      if (walk.currentNode.data.trim() === "" || node.closest("script, option") !== null || !isSeen(node) || isOff(node)) continue;
      const style = getComputedStyle(node);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const back = background(node);
      const ratio = contrast(seenColor(node instanceof SVGElement ? style.fill : style.color, node, back), back);
      count++;
      if (ratio < (isLarge ? 3 : 4.5)) faint.add(`${called(node)}: ${ratio.toFixed(2)}`);
    }
    return { count, faint: [...faint] };
  }

  /** Controls that neither their edge nor their fill sets off. */
  function faintControls() {
    const controls = [...document.querySelectorAll("button, select, input[type=number], input[type=search]")];
    return controls.filter((node) => isSeen(node) && !isOff(node)).filter((node) => {
      const around = background(node.parentElement);
      const edge = seenColor(getComputedStyle(node).borderTopColor, node, around);
      return Math.max(contrast(edge, around), contrast(background(node), around)) < 3;
    }).map(called);
  }

  /** What the tab key should reach. */
  function focusable() {
    return [...document.querySelectorAll("button, select, input, summary, a[href], [tabindex]")]
      .filter((node) => node.tabIndex >= 0 && !node.matches(":disabled") && node.checkVisibility({ visibilityProperty: true }));
  }

  /** What is hard to hit, with its label. */
  function smallTargets() {
    return focusable().filter((node) => ![node, node.labels?.[0] ?? node]
      .map((one) => one.getBoundingClientRect()).some(({ width, height }) => width >= 24 && height >= 24)).map(called);
  }

  /** Takes note of what gets the focus from now on. */
  function watchFocus() {
    const waiting = new Set(focusable());
    const invisible = [];
    document.activeElement?.blur();
    document.addEventListener("focusin", ({ target }) => {
      for (const one of [...waiting]) {
        if (one === target || (one.type === "radio" && one.name === target.name)) waiting.delete(one);
      }
      const shown = target.type === "radio" ? target.parentElement : target;
      if (getComputedStyle(shown).outlineStyle === "none") invisible.push(called(target));
    });
    globalThis.focusNotes = () => ({ waiting: [...waiting].map(called), invisible });
    return waiting.size;
  }

  Object.assign(globalThis, { faintTexts, faintControls, smallTargets, watchFocus });
}
