import type { ErrorType } from './error-type.ts';

/** What each code that Node, its libraries and databases put on an error means. */
const TYPE_BY_CODE: ReadonlyMap<string, ErrorType> = index({
  network: `ECONNRESET ECONNREFUSED ECONNABORTED ENOTFOUND EAI_AGAIN EAI_FAIL EAI_NODATA EPIPE EHOSTUNREACH EHOSTDOWN
    ENETUNREACH ENETDOWN ENETRESET ENOTCONN ESHUTDOWN EADDRNOTAVAIL EPROTO ENODATA ESERVFAIL ECONNRESETBYPEER
    ERR_NETWORK ERR_SOCKET_CLOSED ERR_STREAM_PREMATURE_CLOSE ERR_HTTP2_STREAM_ERROR ERR_HTTP2_SESSION_ERROR
    ERR_HTTP2_GOAWAY_SESSION UND_ERR_SOCKET UND_ERR_CLOSED UND_ERR_DESTROYED CONNECTION_CLOSED`,
  timeout: `ETIMEDOUT ESOCKETTIMEDOUT ETIMEOUT ETIME ERR_SOCKET_CONNECTION_TIMEOUT UND_ERR_CONNECT_TIMEOUT
    UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT ERR_SCRIPT_EXECUTION_TIMEOUT DEADLINE_EXCEEDED DEADLINE TIMEOUT`,
  cancelled: 'ABORT_ERR ERR_CANCELED UND_ERR_ABORTED ECANCELED CANCELLED ERR_CANCELLED',
  not_found: 'ENOENT NOT_FOUND',
  permission_denied:
    'EACCES EPERM EROFS ERR_ACCESS_DENIED PERMISSION_DENIED UNAUTHENTICATED SQLITE_READONLY SQLITE_PERM SQLITE_AUTH',
  resource: `ENOSPC EMFILE ENFILE ENOMEM EDQUOT ENOBUFS EAGAIN EFBIG ERR_WORKER_OUT_OF_MEMORY ERR_MEMORY_ALLOCATION_FAILED
    SQLITE_FULL SQLITE_NOMEM`,
  service_unavailable: 'UNAVAILABLE ABORTED',
  rate_limited: 'RESOURCE_EXHAUSTED',
  invalid_input: 'INVALID_ARGUMENT OUT_OF_RANGE ENAMETOOLONG ENOTDIR EISDIR',
  validation: 'SQLITE_CONSTRAINT SQLITE_MISMATCH SQLITE_TOOBIG ER_DUP_ENTRY FST_ERR_VALIDATION',
  business: 'ALREADY_EXISTS FAILED_PRECONDITION',
  runtime: 'SQLITE_ERROR SQLITE_MISUSE SQLITE_RANGE',
  database: `SQLITE_BUSY SQLITE_LOCKED SQLITE_IOERR SQLITE_CANTOPEN SQLITE_PROTOCOL SQLITE_INTERRUPT SQLITE_SCHEMA
    SQLITE_CORRUPT SQLITE_NOTADB ER_LOCK_DEADLOCK ER_LOCK_WAIT_TIMEOUT ER_CON_COUNT_ERROR PROTOCOL_CONNECTION_LOST`,
  system: 'UNIMPLEMENTED INTERNAL DATA_LOSS MODULE_NOT_FOUND ERR_MODULE_NOT_FOUND ERR_DLOPEN_FAILED EADDRINUSE',
});

/** What each class name means; the name alone says it in any library. */
const TYPE_BY_NAME: ReadonlyMap<string, ErrorType> = index({
  timeout:
    'TimeoutError DeadlineExceededError ConnectTimeoutError HeadersTimeoutError BodyTimeoutError TimeoutException',
  cancelled: 'AbortError CancelledError CanceledError CancelError CancelledException',
  network: 'NetworkError ConnectionError ConnectionResetError ConnectionRefusedError FetchError SocketError',
  service_unavailable: 'ServiceUnavailableError NoRespondersError',
  rate_limited: 'RateLimitError RateLimitedError TooManyRequestsError ThrottlingException TooManyRequestsException',
  not_found: 'NotFoundError FileNotFoundError EntityNotFoundError',
  permission_denied:
    'PermissionError PermissionDeniedError ForbiddenError UnauthorizedError NotAllowedError SecurityError',
  resource: 'ResourceError MemoryError QuotaExceededError',
  database: 'DatabaseError ConnectionException DeadlockException LockWaitTimeoutException OperationalError',
  validation: 'ValidationError ZodError ValueError KeyError InvalidDurationError UniqueConstraintViolationException',
});

/** Classes that a plain mistake shares with a wrapped failure, so a cause that says more wins over them. */
const TYPE_BY_VAGUE_NAME: ReadonlyMap<string, ErrorType> = index({
  validation: 'TypeError RangeError SyntaxError URIError DataCloneError',
});

const TYPE_BY_GRPC_STATUS: readonly (ErrorType | undefined)[] = [
  undefined,
  'cancelled',
  'unknown',
  'invalid_input',
  'timeout',
  'not_found',
  'business',
  'permission_denied',
  'rate_limited',
  'business',
  'service_unavailable',
  'invalid_input',
  'system',
  'system',
  'service_unavailable',
  'system',
  'permission_denied',
];

const TYPE_BY_HTTP_STATUS: ReadonlyMap<number, ErrorType> = new Map([
  [401, 'permission_denied'],
  [403, 'permission_denied'],
  [404, 'not_found'],
  [407, 'permission_denied'],
  [408, 'timeout'],
  [409, 'business'],
  [410, 'not_found'],
  [412, 'business'],
  [422, 'validation'],
  [423, 'business'],
  [429, 'rate_limited'],
  [502, 'service_unavailable'],
  [503, 'service_unavailable'],
  [504, 'service_unavailable'],
]);

/** By SQLSTATE class or whole SQLSTATE; what is not listed says nothing about the cause. */
const TYPE_BY_SQLSTATE: ReadonlyMap<string, ErrorType> = index({
  database: '08 40 53 57 55P03 25P03 25006',
  validation: '22 23',
  permission_denied: '28 42501',
  resource: '54',
  runtime: '42',
  system: '58 XX',
});

const SQLITE_TYPES: ReadonlyMap<number, ErrorType> = new Map([
  [1, 'runtime'],
  [3, 'permission_denied'],
  [7, 'resource'],
  [8, 'permission_denied'],
  [13, 'resource'],
  [18, 'validation'],
  [19, 'validation'],
  [20, 'validation'],
  [21, 'runtime'],
  [23, 'permission_denied'],
  [25, 'runtime'],
]);

/** The type for an error code in words, e.g. `ECONNRESET`, `UNAVAILABLE`, `SQLITE_BUSY_SNAPSHOT`, SQLSTATE `40001`. */
export function typeOfCode(code: string): ErrorType | undefined {
  const known = TYPE_BY_CODE.get(code);
  if (known) return known;
  if (code.startsWith('SQLITE_')) return TYPE_BY_CODE.get(code.split('_', 2).join('_')) ?? 'database';
  // Only codes with a digit: EPERM is five capitals as well.
  if (!/^(?=.*\d)[0-9A-Z]{5}$/.test(code)) return undefined;
  return TYPE_BY_SQLSTATE.get(code) ?? TYPE_BY_SQLSTATE.get(code.slice(0, 2));
}

/** The type for an HTTP status; 4xx not listed are the caller's mistake, 5xx not listed the server's. */
export function typeOfHttpStatus(status: number): ErrorType | undefined {
  if (!Number.isInteger(status) || status < 400 || status > 599) return undefined;
  return TYPE_BY_HTTP_STATUS.get(status) ?? (status < 500 ? 'invalid_input' : 'system');
}

/** The type for a numeric gRPC status. */
export function typeOfGrpcStatus(status: number): ErrorType | undefined {
  return TYPE_BY_GRPC_STATUS[status];
}

/** The type for a numeric (extended) SQLite result code. */
export function typeOfSqliteCode(code: number): ErrorType {
  return SQLITE_TYPES.get(code & 0xff) ?? 'database';
}

/** The type a class name says for certain. */
export function typeOfName(name: string): ErrorType | undefined {
  return TYPE_BY_NAME.get(name);
}

/** The type a class name says if nothing else says more. */
export function typeOfVagueName(name: string): ErrorType | undefined {
  return TYPE_BY_VAGUE_NAME.get(name);
}

function index(words: Readonly<Partial<Record<ErrorType, string>>>): ReadonlyMap<string, ErrorType> {
  const entries = Object.entries(words) as [ErrorType, string][];
  return new Map(entries.flatMap(([type, list]) => list.split(/\s+/).map((word): [string, ErrorType] => [word, type])));
}
