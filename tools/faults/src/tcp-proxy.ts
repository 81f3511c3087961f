import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

/** What a network may do to those who talk over it. */
export const CUTS = ['refuse', 'black-hole', 'half-open', 'delay'] as const;

/**
 * `pass`: all is well. `refuse`: connections are reset, new ones refused. `black-hole`: nothing arrives on either side, and nobody is
 * told. `half-open`: what callers send arrives, the replies do not. `delay`: everything arrives later. Held-back bytes arrive when
 * the network is well again, as TCP would have sent them once more.
 */
export type NetworkState = 'pass' | (typeof CUTS)[number];

/** A network between two processes. */
export interface TcpProxy {
  /** "host:port" to call instead of the target. */
  readonly address: string;
  set(state: NetworkState): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  readonly caller: Socket;
  readonly target: Socket;
}

const HOST = '127.0.0.1';
const DELAY_MS = 400;

/** Puts a proxy before a "host:port", which need not listen yet. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host = HOST, port = ''] = target.split(':');
  const links = new Set<Link>();
  let state: NetworkState = 'pass';
  let server: Server | null = null;
  let listeningOn = 0;
  await listen();

  return {
    address: `${HOST}:${listeningOn}`,
    async set(wanted) {
      state = wanted;
      if (wanted === 'refuse') await refuse();
      else if (!server) await listen();
      for (const link of links) arrange(link);
    },
    close: refuse,
  };

  async function listen(): Promise<void> {
    server = createServer(accept).listen(listeningOn, HOST);
    await once(server, 'listening');
    const bound = server.address();
    if (bound !== null && typeof bound !== 'string') listeningOn = bound.port;
  }

  async function refuse(): Promise<void> {
    const closing = server;
    server = null;
    for (const { caller, target: callee } of links) {
      caller.resetAndDestroy();
      callee.resetAndDestroy();
    }
    if (closing) await new Promise((resolve) => closing.close(resolve));
  }

  function accept(caller: Socket): void {
    const callee = createConnection({ host, port: Number(port) });
    const link = { caller, target: callee };
    links.add(link);
    const end = (): void => {
      links.delete(link);
      caller.destroy();
      callee.destroy();
    };
    for (const socket of [caller, callee]) socket.setNoDelay(true).on('error', end).on('close', end);
    forward(caller, callee);
    forward(callee, caller);
    arrange(link);
  }

  function forward(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (state === 'delay') setTimeout(() => to.writable && to.write(chunk), DELAY_MS);
      else to.write(chunk);
    });
  }

  /** Bytes that nobody reads stay with the sender, as on a line that is cut. */
  function arrange({ caller, target: callee }: Link): void {
    if (state === 'black-hole') caller.pause();
    else caller.resume();
    if (state === 'black-hole' || state === 'half-open') callee.pause();
    else callee.resume();
  }
}
