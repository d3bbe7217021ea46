import type { OptionCheck } from '@mobius1/kernel';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** What one customer is usually given; whoever has it can use 2^64 addresses. */
export const IPV6_PREFIX = 64;

/** `[::1]:8080`, `[::1]`. */
const BRACKETED = /^\[([^\]]+)\](?::\d+)?$/;
/** `192.0.2.1:8080`; IPv6 without brackets has no port. */
const WITH_PORT = /^(\d+\.\d+\.\d+\.\d+):\d+$/;

/** Reads an address however it is written: with a port, in brackets, with a zone, IPv4 inside of IPv6. */
function parse(text: string): Address | undefined {
  const trimmed = text.trim();
  const bare = BRACKETED.exec(trimmed)?.[1] ?? WITH_PORT.exec(trimmed)?.[1] ?? trimmed;
  const [address = ''] = bare.split('%');
  // Four numbers: `isValid` takes `1`, `0x7f.1` and octal numbers, too.
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return undefined;
  return ipaddr.process(address);
}

/**
 * Who shares one count: the address of an IPv4 client, the network of an IPv6 client (`2001:db8::/64`). `undefined` for what is no
 * address, such as that of a Unix socket.
 */
export function countedAddress(text: unknown, ipv6Prefix = IPV6_PREFIX): string | undefined {
  const address = typeof text === 'string' ? parse(text) : undefined;
  if (address === undefined || address.kind() === 'ipv4') return address?.toString();
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${ipv6Prefix}`);
  return ipv6Prefix === 128 ? network.toString() : `${network.toString()}/${ipv6Prefix}`;
}

/** A set of networks. */
export interface Networks {
  has(address: unknown): boolean;
}

/** Reads networks in CIDR notation, or single addresses; tells what is wrong with each. */
export function readNetworks(check: OptionCheck, path: string, list: unknown): Networks {
  if (list !== undefined && !Array.isArray(list)) check.problem(path, "a list like ['10.0.0.0/8']", list);
  const ranges = (Array.isArray(list) ? list : []).flatMap((one: unknown, i) => {
    const range = typeof one === 'string' ? rangeOf(one) : undefined;
    if (range === undefined) check.problem(`${path}[${i}]`, "a network like '10.0.0.0/8' or '2001:db8::/32'", one);
    return range === undefined ? [] : [range];
  });
  const inside = (address: Address): boolean =>
    ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  return {
    has: (text) => {
      if (ranges.length === 0 || typeof text !== 'string') return false;
      const address = parse(text);
      return address !== undefined && inside(address);
    },
  };
}

/** IPv4 inside of IPv6 counts as IPv4 here as well: `::ffff:10.0.0.0/104` is `10.0.0.0/8`. */
function rangeOf(text: string): [Address, number] | undefined {
  if (!ipaddr.isValidCIDR(text)) {
    const address = parse(text);
    return address && [address, address.kind() === 'ipv4' ? 32 : 128];
  }
  const [network, bits] = ipaddr.parseCIDR(text);
  if (network.kind() === 'ipv4') return text.split('.').length === 4 ? [network, bits] : undefined;
  const { IPv6 } = ipaddr;
  if (!(network instanceof IPv6) || !network.isIPv4MappedAddress() || bits < 96) return [network, bits];
  return [network.toIPv4Address(), bits - 96];
}
