/** An XML element: its text without the children's, or its children; attributes and namespaces are dropped. */
export interface XmlElement {
  name: string;
  text: string;
  children: readonly XmlElement[];
}

/**
 * Reads an XML document of the kind AWS query services answer with. Comments, processing instructions and CDATA are
 * understood; a document type is refused, so no entity beyond XML's own five and character references exists.
 * @throws SyntaxError when the document is malformed, truncated, or nested deeper than 32 elements
 */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: "", text: "", children: [] };
  const open: Open[] = [root];
  let at = text.startsWith("\ufeff") ? 1 : 0;

  while (at < text.length) {
    const top = open[open.length - 1];
    if (top === undefined) throw new SyntaxError("closing tag without an opening one");
    if (text.charAt(at) !== "<") {
      const end = indexOrEnd(text, "<", at);
      top.text += decode(text.slice(at, end));
      at = end;
    } else if (text.startsWith("<!--", at)) {
      at = after(text, "-->", at + 4);
    } else if (text.startsWith("<![CDATA[", at)) {
      const end = after(text, "]]>", at + 9);
      top.text += text.slice(at + 9, end - 3);
      at = end;
    } else if (text.startsWith("<?", at)) {
      at = after(text, "?>", at + 2);
    } else if (text.startsWith("</", at)) {
      const end = after(text, ">", at + 2);
      if (open.length === 1 || text.slice(at + 2, end - 1).trimEnd() !== top.name)
        throw new SyntaxError("unexpected closing tag");
      open.pop();
      at = end;
    } else {
      const tag = OPENING_TAG.exec(text.slice(at, at + 4096));
      const name = tag?.[1];
      if (tag === null || name === undefined) throw new SyntaxError("malformed tag");
      if (open.length > 32) throw new SyntaxError("nested too deep");
      const element: Open = { name, text: "", children: [] };
      top.children.push(element);
      if (tag[2] !== "/") open.push(element);
      at += tag[0].length;
    }
  }
  const document = root.children[0];
  if (document === undefined || open.length !== 1) throw new SyntaxError("truncated");
  if (root.children.length > 1 || root.text.trim() !== "") throw new SyntaxError("more than one root element");
  return document;
}

/** The first descendant along `path`, one name for each level. */
export function descend(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((child) => child.name === name);
  return found;
}

interface Open extends XmlElement {
  text: string;
  children: Open[];
}

const OPENING_TAG = /^<([A-Za-z_][\w.-]*(?::[\w.-]+)?)(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>/;

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decode(text: string): string {
  let decoded = "";
  let at = 0;
  for (const match of text.matchAll(/&([^;&]{0,10});?/g)) {
    decoded += text.slice(at, match.index) + character(match[0], match[1] ?? "");
    at = match.index + match[0].length;
  }
  return decoded + text.slice(at);
}

/** What a reference stands for: one of XML's own five, or a character by its number. */
function character(reference: string, name: string): string {
  if (!reference.endsWith(";")) throw new SyntaxError("bare ampersand");
  if (!/^#(?:\d{1,7}|x[\da-fA-F]{1,6})$/.test(name)) {
    const known = NAMED[name];
    if (known === undefined) throw new SyntaxError("unknown entity");
    return known;
  }
  const point = Number(name.startsWith("#x") ? `0${name.slice(1)}` : name.slice(1));
  if (point === 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw new SyntaxError("bad character");
  if (point <= 0xffff) return String.fromCharCode(point);
  return String.fromCharCode(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
}

function indexOrEnd(text: string, mark: string, from: number): number {
  const index = text.indexOf(mark, from);
  return index === -1 ? text.length : index;
}

function after(text: string, mark: string, from: number): number {
  const index = text.indexOf(mark, from);
  if (index === -1) throw new SyntaxError("truncated");
  return index + mark.length;
}
