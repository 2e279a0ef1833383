/** Element name → content; a list repeats the element, `undefined` leaves it out. */
export interface XmlTree {
  readonly [name: string]: string | number | XmlTree | readonly XmlTree[] | undefined;
}

/** The elements of the tree one after the other, without declaration or white space. */
export function renderXml(tree: XmlTree): string {
  return Object.entries(tree)
    .map(([name, content]) => {
      if (content === undefined) return "";
      const items = Array.isArray(content) ? content : [content];
      return items
        .map((item) => `<${name}>${typeof item === "object" ? renderXml(item) : escape(item)}</${name}>`)
        .join("");
    })
    .join("");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escape(value: string | number): string {
  return String(value).replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
