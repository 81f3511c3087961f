import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

describe('a network between two processes', () => {
  let server: Server;
  let proxy: TcpProxy;
  const received: string[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    received.length = 0;
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received.push(String(chunk));
        socket.write(`re: ${String(chunk)}`);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    proxy = await startTcpProxy(`127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  });

  afterEach(async () => {
    await proxy.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  async function call(): Promise<Socket> {
    const socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async function reply(socket: Socket): Promise<string> {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return String(chunk);
  }

  it('passes everything on, or later', async () => {
    const socket = await call();
    socket.write('a');
    expect(await reply(socket)).toBe('re: a');
    await proxy.set('delay');
    const sentAt = performance.now();
    socket.write('b');
    expect(await reply(socket)).toBe('re: b');
    expect(performance.now() - sentAt).toBeGreaterThan(700);
  });

  it('half open, lets calls arrive and keeps the replies until it is well again', async () => {
    const socket = await call();
    socket.write('a');
    await reply(socket);
    await proxy.set('half-open');
    const arrived = once(sockets.at(-1)!, 'data');
    socket.write('b');
    await arrived;
    expect(received).toEqual(['a', 'b']);
    const late = reply(socket);
    await proxy.set('pass');
    expect(await late).toBe('re: b');
  });

  it('refuses, and takes calls again when it is well', async () => {
    const socket = await call();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await proxy.set('refuse');
    await closed;
    await expect(once(connect(Number(proxy.address.split(':')[1]), '127.0.0.1'), 'connect')).rejects.toThrow();
    await proxy.set('pass');
    const again = await call();
    again.write('c');
    expect(await reply(again)).toBe('re: c');
  });
});
