import { lookup } from 'node:dns/promises';
import { type ChannelOptions, experimental, Metadata, status } from '@grpc/grpc-js';

const SCHEME = 'orrery';
const DEFAULT_PORT = 7070;

/** The target of a channel over several servers, any of which will do; their names are looked up anew after a failure. */
export function addressListTarget(addresses: readonly string[]): string {
  register();
  return `${SCHEME}:${addresses.join(',')}`;
}

/** Finds the servers behind a list of addresses, so that a balancing policy can choose among all of them. */
class AddressListResolver implements experimental.Resolver {
  readonly #addresses: readonly string[];
  readonly #listener: Parameters<typeof experimental.createResolver>[1];
  #round = 0;
  /** What was reported last; empty after a failure. */
  #reported = '';

  constructor(
    target: experimental.GrpcUri,
    listener: Parameters<typeof experimental.createResolver>[1],
    _options: ChannelOptions,
  ) {
    this.#addresses = target.path.split(',');
    this.#listener = listener;
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path.split(',')[0] ?? target.path;
  }

  updateResolution(): void {
    const round = ++this.#round;
    void Promise.all(this.#addresses.map(endpointsOf)).then((found) => {
      // A newer look-up, or destroy, made this one's answer worthless.
      if (round === this.#round) this.#report(found.flat());
    });
  }

  destroy(): void {
    this.#round += 1;
  }

  #report(endpoints: experimental.Endpoint[]): void {
    const found = JSON.stringify(endpoints);
    // A policy whose server is down asks again whenever it is told, so that telling it the same would never end.
    if (found === this.#reported) return;
    this.#reported = endpoints.length > 0 ? found : '';
    if (endpoints.length > 0) this.#listener(experimental.statusOrFromValue(endpoints), {}, null, '');
    else this.#listener(experimental.statusOrFromError(noneFound(this.#addresses)), {}, null, '');
  }
}

function noneFound(addresses: readonly string[]) {
  return {
    code: status.UNAVAILABLE,
    details: `none of the addresses ${addresses.join(', ')} is known`,
    metadata: new Metadata(),
  };
}

async function endpointsOf(address: string): Promise<experimental.Endpoint[]> {
  const parts = experimental.splitHostPort(address);
  if (!parts) return [];
  // One name that is not known must not keep the others from being used.
  const found = await lookup(parts.host, { all: true }).catch(() => []);
  return found.map(({ address: host }) => ({ addresses: [{ host, port: parts.port ?? DEFAULT_PORT }] }));
}

let registered = false;

function register(): void {
  if (!registered) experimental.registerResolver(SCHEME, AddressListResolver);
  registered = true;
}
