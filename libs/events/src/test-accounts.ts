import { createHash } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const ALL_OF_JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
const ACCOUNT_LIMITS = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };

/** For specs: configuration of a server that lets in whoever an operator's accounts vouch for, and one such account. */
export function operatorConfig(): { readonly config: string; readonly account: KeyPair } {
  const [operator, system, account] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()];
  const operatorJwt = sign(operator, operator, 'operator', { type: 'operator' });
  const accountJwt = (of: KeyPair, limits: object): string =>
    sign(operator, of, 'account', { type: 'account', limits: { ...ACCOUNT_LIMITS, ...limits } });
  const config = [
    `operator: ${operatorJwt}`,
    `system_account: ${system.getPublicKey()}`,
    'resolver: MEMORY',
    'resolver_preload: {',
    `  ${system.getPublicKey()}: ${accountJwt(system, {})}`,
    `  ${account.getPublicKey()}: ${accountJwt(account, ALL_OF_JETSTREAM)}`,
    '}',
  ];
  return { config: config.join('\n'), account };
}

/** For specs: a credentials file for a user of the account. */
export function credentialsOf(account: KeyPair, name: string): string {
  const user = nkeys.createUser();
  const jwt = sign(account, user, name, { type: 'user', ...UNLIMITED });
  const seed = new TextDecoder().decode(user.getSeed());
  return [
    ['-----BEGIN NATS USER JWT-----', jwt, '------END NATS USER JWT------', ''],
    ['-----BEGIN USER NKEY SEED-----', seed, '------END USER NKEY SEED------', ''],
  ]
    .flat()
    .join('\n');
}

function sign(issuer: KeyPair, subject: KeyPair, name: string, nats: object): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...claims, jti })}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}
