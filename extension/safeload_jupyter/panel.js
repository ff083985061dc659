// The live half of the panel: tabs, two or three buttons, and a sign of life while the cell waits.
// The body is the static panel, rendered and escaped in Python; nothing is fetched from anywhere.

const PING = 2000; // milliseconds between two signs of life
const SETTLE = 400; // milliseconds in which a click that was meant for something else does not count
let panels = 0;

function element(tag, attributes, text) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

/** The sections (`<details>`) become one accessible tablist; without this script they are just sections. */
function tabs(root) {
  const sections = [...root.querySelectorAll(".sl-tabs > details")];
  const holder = root.querySelector(".sl-tabs");
  if (!holder || !sections.length) return;
  const id = `safeload-${++panels}`;
  const list = element("div", { role: "tablist", class: "sl-tablist", "aria-label": "What is known" });
  const buttons = [];
  const panes = [];
  const select = (index, focus) => {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-selected", String(i === index));
      button.tabIndex = i === index ? 0 : -1;
      panes[i].hidden = i !== index;
    });
    if (focus) buttons[index].focus();
  };
  sections.forEach((section, index) => {
    const button = element(
      "button",
      { type: "button", role: "tab", id: `${id}-tab-${index}`, "aria-controls": `${id}-pane-${index}` },
      section.querySelector("summary").textContent,
    );
    const pane = section.querySelector(".sl-pane");
    pane.setAttribute("role", "tabpanel");
    pane.setAttribute("id", `${id}-pane-${index}`);
    pane.setAttribute("aria-labelledby", `${id}-tab-${index}`);
    pane.tabIndex = 0;
    button.addEventListener("click", () => select(index, false));
    buttons.push(button);
    panes.push(pane);
  });
  list.addEventListener("keydown", (event) => {
    const now = buttons.indexOf(event.target);
    const last = buttons.length - 1;
    const next = { ArrowRight: now === last ? 0 : now + 1, ArrowLeft: now ? now - 1 : last, Home: 0, End: last }[event.key];
    if (now < 0 || next === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // the notebook moves between cells with the same keys
    select(next, true);
  });
  list.append(...buttons);
  holder.replaceChildren(list, ...panes);
  select(0, false);
}

const SAID = {
  deny: "Denied. Nothing is loaded.",
  approve: "Approved. Waiting for the kernel…",
  close: "Blocked. Nothing is loaded.",
  convert: "Its tensors alone are taken. Waiting for the kernel…",
};

/** The one that loads nothing comes first, for the keyboard too; nothing is focused, so no key that is being typed decides. */
function actions(root, offered, answer) {
  const bar = root.querySelector(".sl-acts");
  if (!bar) return { close() {} };
  const note = bar.querySelector(".sl-remember");
  const status = element("span", { role: "status", "aria-live": "polite", class: "sl-note" });
  const shown = performance.now();
  const convert = offered.includes("convert");
  const buttons = offered.map((value) => {
    const label = value[0].toUpperCase() + value.slice(1);
    const button = element("button", { type: "button", class: `sl-${value}` }, label);
    if (value === "convert") button.title = "Take its tensors into safetensors, and load those. Nothing of it runs.";
    button.addEventListener("click", (event) => {
      // A click made by a script is not a person's.
      if (!event.isTrusted || performance.now() - shown < SETTLE) return;
      close(SAID[value]);
      answer(value);
    });
    // Shift+Enter in the notebook runs the next cell; on a button it does nothing.
    button.addEventListener("keydown", (event) => event.stopPropagation());
    return button;
  });
  function close(text) {
    for (const button of buttons) button.disabled = true;
    if (note) note.hidden = true;
    status.textContent = text;
  }
  if (convert && note) note.textContent += " Convert loads the tensors alone, and runs nothing of the file.";
  bar.prepend(...buttons);
  bar.append(status);
  return { close };
}

function render({ model, el }) {
  el.innerHTML = model.get("html");
  const nonce = model.get("nonce");
  const say = (type, value) => model.send({ type, value, nonce });
  tabs(el);
  const bar = actions(el, model.get("offered"), (value) => say("decision", value));
  let timer = 0;
  const follow = () => {
    if (model.get("phase") === "asking") return;
    clearInterval(timer);
    bar.close(model.get("notice"));
  };
  model.on("change:phase", follow);
  follow();
  if (model.get("phase") === "asking") {
    say("hello", null);
    timer = setInterval(() => say("ping", null), PING);
  }
  return () => {
    clearInterval(timer);
    model.off("change:phase", follow);
  };
}

export default { render };
