import { type Client, type ClientOptions, createClient as create } from '@orrery/client';

export * from '@orrery/client';

/** The client as snippets of the guides import it: its server and namespace are the spec's unless a snippet names others. */
export function createClient(options: ClientOptions = {}): Client {
  return create({
    address: process.env['ORRERY_ADDRESS'] ?? '',
    namespace: process.env['ORRERY_NAMESPACE'] ?? '',
    ...options,
  });
}
