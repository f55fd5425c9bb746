/** Whether a server that listens on `host` can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return /^(localhost|(.+\.)?localhost\.?|::1|(::ffff:)?127(\.\d{1,3}){3})$/.test(name);
}
