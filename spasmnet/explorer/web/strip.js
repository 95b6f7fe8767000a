// The strip that is always in view: the level of care and the leading cause, or that the findings contradict one another.

class Strip {
  constructor(explorer) {
    this.explorer = explorer;
    this.level = h("strong");
    this.words = h("span", { className: "words" });
    this.element = h("div", { className: "strip", role: "region", "aria-label": "Level of care and leading cause" }, this.level, this.words);
  }

  // What is said aloud of it stands in the status, once a click; the strip itself also follows a slider.
  update(answer) {
    const { model } = this.explorer, known = Object.keys(answer.findings).length > 0;
    const level = known ? levelOf(model, answer) : "";
    const parts = [this.leading(answer), known ? this.unresolved(answer) : "", this.explorer.moved.size ? "not the model as published" : ""];
    this.element.className = `strip ${answer.contradiction ? "against " : ""}${level ?? ""}`;
    text(this.level, level ? careWords(level) : "");
    const words = parts.filter(Boolean);
    if (this.words.textContent !== words.join(" · ")) this.words.replaceChildren(...words.flatMap((part, i) => (i ? [" · ", isolated(part)] : [isolated(part)])));
  }

  leading(answer) {
    const { explorer } = this, { roles } = explorer.model;
    if (answer.contradiction) return `${answer.contradiction.length > 1 ? "These findings cannot occur together" : "This finding cannot occur"}: see what to clear`;
    const [first] = explorer.ranking(answer);
    if (!first) return "";
    return `${roles ? "Leading" : "Moved most"}: ${explorer.words(first)}, ${percent(first.probability)}`;
  }

  unresolved(answer) {
    const count = answer.unresolved?.length ?? 0;
    return count ? `${count} red flag${count > 1 ? "s" : ""} not ruled out` : "";
  }

  // `position: sticky` keeps it in view, but for where an ancestor that does not scroll itself is a scroll container, such
  // as the output of a notebook's cell: there it is moved after what has scrolled.
  follow() {
    const { element } = this, root = element.parentElement;
    element.style.transform = "";
    const top = visibleTop(root), { height, top: now } = element.getBoundingClientRect(), { bottom } = root.getBoundingClientRect();
    const down = Math.min(top - now, bottom - height - now);
    if (down > 0.5) element.style.transform = `translateY(${down}px)`;
  }

  // Follows whatever scrolls around it until the element is gone; returns what ends that.
  watch() {
    const follow = () => this.follow();
    document.addEventListener("scroll", follow, { capture: true, passive: true });
    window.addEventListener("resize", follow);
    return () => {
      document.removeEventListener("scroll", follow, { capture: true });
      window.removeEventListener("resize", follow);
    };
  }
}

// The upper end of what can be seen of an element: of the window and of everything around it that cuts it off.
function visibleTop(element) {
  let top = 0;
  for (let around = element.parentElement ?? element.getRootNode().host; around; around = around.parentElement ?? around.getRootNode().host) {
    if (around !== document.documentElement && around !== document.body && getComputedStyle(around).overflowY !== "visible") {
      top = Math.max(top, around.getBoundingClientRect().top + around.clientTop);
    }
  }
  return top;
}

// The level of care as a name; of a contradiction that of the red flags, which is all that is left.
function levelOf({ levels }, { care, flags }) {
  if (!care) return flags[0]?.level ?? "";
  return typeof care.level === "number" ? levels[care.level] : care.level;
}

const careWords = (level) => CARE[level] ?? level;
