const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A date of an HTTP header in milliseconds since the epoch, in the one form that servers may send (IMF-fixdate,
 * RFC 9110 §5.6.7); undefined for any other text.
 */
export function parseHttpDate(text: string): number | undefined {
  const match = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/.exec(text.trim());
  if (match === null) return undefined;
  const month = String(MONTHS.indexOf(match[2] ?? "") + 1).padStart(2, "0");
  const time = Date.parse(`${match[3]}-${month}-${match[1]}T${match[4]}Z`);
  return Number.isNaN(time) ? undefined : time;
}
