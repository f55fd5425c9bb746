import ipaddr from 'ipaddr.js';

/** IPv6 that is routed between networks; all else is local, reserved or a way to reach IPv4. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/**
 * Whether an address belongs to the public internet: not to this machine, a private network, a
 * carrier's NAT, the link (where clouds serve their metadata), multicast or any other special
 * range, and not to an IPv4 address of those kinds in an IPv6 form (mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_IPV6);
}
