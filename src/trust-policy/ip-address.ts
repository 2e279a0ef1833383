interface Address {
  bits: 32 | 128;
  value: bigint;
}

/**
 * Whether an address lies in a range.
 *
 * @param range CIDR, or one address alone; an IPv4 range holds no IPv6 address, and nothing lies in a malformed one.
 */
export function inRange(range: string, address: string): boolean {
  const [network = "", length, ...more] = range.split("/");
  const [start, actual] = [parse(network), parse(address)];
  if (!start || start.bits !== actual?.bits || more.length > 0) return false;
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return false;
  const hostBits = start.bits - Number(length ?? start.bits);
  return hostBits >= 0 && start.value >> BigInt(hostBits) === actual.value >> BigInt(hostBits);
}

function parse(text: string): Address | undefined {
  const value = text.includes(":") ? parseV6(text) : parseV4(text);
  return value === undefined ? undefined : { bits: text.includes(":") ? 128 : 32, value };
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return valid ? join(parts.map(Number), 8) : undefined;
}

/** RFC 4291, section 2.2: `::` stands once for the groups of zeros that are missing; the end may be written as IPv4. */
function parseV6(text: string): bigint | undefined {
  const tail = parseV4(text.slice(text.lastIndexOf(":") + 1));
  const hex =
    tail === undefined
      ? text
      : `${text.slice(0, text.lastIndexOf(":"))}:${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const halves = hex.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], rest = []] = halves;
  const missing = 8 - head.length - rest.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...rest];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return join(
    groups.map((group) => Number.parseInt(group, 16)),
    16,
  );
}

function join(parts: readonly number[], width: number): bigint {
  return parts.reduce((sum, part) => (sum << BigInt(width)) | BigInt(part), 0n);
}
