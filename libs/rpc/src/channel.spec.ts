import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { openChannel } from './channel.ts';

const METHOD = '/test.Echo/WhoAreYou';
const asIs = (bytes: Buffer): Buffer => bytes;

/** Servers that answer with their name, and a client of all of them. */
async function startServers(...names: readonly string[]) {
  const servers = new Map<string, Server>();
  const addresses: string[] = [];
  for (const name of names) {
    const server = new Server();
    const stream = { requestStream: false, responseStream: false };
    const bytes = {
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    };
    server.addService(
      { whoAreYou: { path: METHOD, ...stream, ...bytes } },
      {
        whoAreYou: (_call: unknown, answer: (error: null, reply: Buffer) => void) => answer(null, Buffer.from(name)),
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    servers.set(name, server);
    addresses.push(`127.0.0.1:${port}`);
  }
  return { servers, addresses };
}

async function askOnce(client: Client): Promise<string> {
  const answer = await new Promise<Buffer | undefined>((resolve, reject) =>
    client.makeUnaryRequest(METHOD, asIs, asIs, Buffer.alloc(0), { deadline: Date.now() + 5_000 }, (error, reply) =>
      error ? reject(error) : resolve(reply),
    ),
  );
  return String(answer);
}

/** Asks until every one of the names has answered, and says who else did. */
async function whoAnswers(client: Client, names: readonly string[]): Promise<Set<string>> {
  const answered = new Set<string>();
  while (!names.every((name) => answered.has(name))) answered.add(await askOnce(client).catch(() => ''));
  answered.delete('');
  return answered;
}

test.each([
  ['a list', (addresses: readonly string[]) => addresses],
  ['commas', (addresses: readonly string[]) => addresses.join(', ')],
])('spreads calls over several addresses given with %s, and goes on with those that are left', async (_, written) => {
  const { servers, addresses } = await startServers('a', 'b', 'c');
  const channel = openChannel({ address: written(addresses) });
  const client = new Client('', credentials.createInsecure(), { channelOverride: channel });
  try {
    expect(await whoAnswers(client, ['a', 'b', 'c'])).toEqual(new Set(['a', 'b', 'c']));
    // With a resolver that tells the policy the same again and again, nothing would ever come after this.
    servers.get('a')?.forceShutdown();
    await whoAnswers(client, ['b', 'c']);
    const later = await Promise.all(Array.from({ length: 20 }, () => askOnce(client)));
    expect(new Set(later)).toEqual(new Set(['b', 'c']));
  } finally {
    client.close();
    for (const server of servers.values()) server.forceShutdown();
  }
});

test.each([[''], ['a:1,'], [[]], [['a:1', '']]])('refuses %j: there is no address', (address) => {
  expect(() => openChannel({ address })).toThrow(RangeError);
});
