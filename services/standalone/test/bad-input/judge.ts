import { type DescMessage, type DescMethod, fromBinary, type Message } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { status as Code } from '@grpc/grpc-js';
import type { Answer } from './caller.ts';
import { isMessage } from './is-message.ts';
import { REGISTRY, STATUS_BY_REASON } from './rpcs.ts';

/** What an answer comes to. */
export interface Verdict {
  /** The reasons of all refusals in it: of the call, or of single items of a batch. None: it was accepted. */
  readonly reasons: readonly string[];
  /** The fields that are named as wrong. */
  readonly fields: readonly string[];
  /** What is not as it must be. */
  readonly problems: readonly string[];
  /** Whether all of it was refused. */
  readonly isRefused: boolean;
}

interface Detail {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}
interface RpcStatus {
  readonly code: Code;
  readonly message: string;
  readonly details: readonly Detail[];
}

/** What a refusal must not tell: statements, names of the database's, places in the code or the file system, what JavaScript says. */
const LEAKS =
  /sqlite|postgres|pg_|\bselect\b.*\bfrom\b|\binsert into\b|\bupdate\b.*\bset\b|\bdelete from\b|constraint|violates|syntax error at|node_modules|\.[jt]s:\d|\bat .+:\d+:\d+|\/(home|tmp|usr|root)\/|TypeError|RangeError|call stack|undefined|\[object|not a function|cannot read/i;

/** Reasons that say that something is wrong with the server, not with the request. */
const SERVERS_OWN = ['INTERNAL', 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'SHUTTING_DOWN', 'DEADLINE_EXCEEDED'];

/** Judges what a method answered to these messages. */
export function judge(method: DescMethod, messages: readonly Uint8Array[], answer: Answer): Verdict {
  if (answer.code === Code.OK || isStillGoing(answer)) return judgeItems(method, answer);
  const undecodable = messages.some((message) => !isMessage(method.input, message));
  // What gRPC says before Orrery sees the call; see error_reason.proto.
  if (answer.details === undefined && undecodable && answer.code === Code.INTERNAL) return refused([]);
  if (!answer.details) return refused([`status ${Code[answer.code]} ("${answer.message}") comes without details`]);
  const status = readStatus(answer.details);
  const problems = problemsOf(status);
  if (status.code !== answer.code || status.message !== answer.message) problems.push('status and details differ');
  return { reasons: [reasonOf(status)], fields: fieldsOf(status), problems, isRefused: true };
}

function isStillGoing({ code, details }: Answer): boolean {
  return code === Code.DEADLINE_EXCEEDED && details === undefined;
}

function refused(problems: readonly string[]): Verdict {
  return { reasons: [], fields: [], problems, isRefused: true };
}

/** An accepted batch may hold refusals of single items. */
function judgeItems(method: DescMethod, answer: Answer): Verdict {
  const statuses = answer.responses.flatMap((bytes) => statusesIn(method.output, fromBinary(method.output, bytes)));
  const refusals = statuses.filter((status) => status !== null);
  return {
    reasons: refusals.map(reasonOf),
    fields: refusals.flatMap(fieldsOf),
    problems: refusals.flatMap(problemsOf),
    isRefused: refusals.length > 0 && refusals.length === statuses.length,
  };
}

/** What became of each item of a response: a status, or null if it was accepted. */
function statusesIn(type: DescMessage, message: Message): readonly (RpcStatus | null)[] {
  const found: (RpcStatus | null)[] = [];
  const view = reflect(type, message);
  for (const field of type.fields) {
    if (field.oneof && !view.isSet(field)) continue;
    if (field.message?.typeName === 'google.rpc.Status') {
      const status = view.isSet(field) ? (view.get(field) as ReflectMessage) : null;
      found.push(status && toStatus(status.message));
    } else if (field.fieldKind === 'list' && field.listKind === 'message') {
      for (const item of view.get(field)) found.push(...statusesIn(field.message, (item as ReflectMessage).message));
    } else if (field.fieldKind === 'message' && field.oneof) {
      const inner = view.get(field);
      found.push(...statusesIn(field.message, inner.message));
    }
  }
  return found;
}

function problemsOf(status: RpcStatus): string[] {
  const problems: string[] = [];
  const infos = detailsOf(status, 'google.rpc.ErrorInfo');
  const [info] = infos;
  if (infos.length !== 1 || info?.['domain'] !== 'orrery.dev')
    problems.push('there is not one ErrorInfo of orrery.dev');
  const reason = reasonOf(status);
  if (STATUS_BY_REASON.get(reason) !== Code[status.code])
    problems.push(`${reason} with ${Code[status.code]} is not documented`);
  if (SERVERS_OWN.includes(reason)) problems.push(`${reason} blames the server: ${status.message}`);
  const fields = fieldsOf(status);
  if (status.code === Code.INVALID_ARGUMENT && reason !== 'PAYLOAD_TOO_LARGE' && fields.length === 0)
    problems.push(`${reason} names no field: ${status.message}`);
  if (fields.some((field) => field === '')) problems.push('a violation names no field');
  if (status.message === '') problems.push('there is no message');
  const said = JSON.stringify([status.message, info, detailsOf(status, 'google.rpc.BadRequest')]);
  const leak = LEAKS.exec(said)?.[0];
  if (leak !== undefined) problems.push(`it tells "${leak}": ${said.slice(0, 500)}`);
  return problems;
}

function reasonOf(status: RpcStatus): string {
  const reason = detailsOf(status, 'google.rpc.ErrorInfo')[0]?.['reason'];
  return typeof reason === 'string' ? reason : 'none';
}

function fieldsOf(status: RpcStatus): readonly string[] {
  const requests = detailsOf(status, 'google.rpc.BadRequest') as readonly {
    readonly fieldViolations?: readonly { readonly field: string }[];
  }[];
  return requests.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field));
}

function detailsOf(status: RpcStatus, typeName: string): readonly Readonly<Record<string, unknown>>[] {
  return status.details
    .filter(({ typeUrl }) => typeUrl.endsWith(`/${typeName}`))
    .map(({ value }) => fromBinary(messageType(typeName), value) as unknown as Readonly<Record<string, unknown>>);
}

function readStatus(details: Uint8Array): RpcStatus {
  return toStatus(fromBinary(messageType('google.rpc.Status'), details));
}

function toStatus(message: Message): RpcStatus {
  return message as unknown as RpcStatus;
}

function messageType(name: string): DescMessage {
  const type = REGISTRY.getMessage(name);
  if (!type) throw new Error(`the image holds no ${name}`);
  return type;
}
