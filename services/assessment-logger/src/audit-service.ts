import { assessmentv1, auditRecordToProto, timeFromProto } from '@orrery/contracts';
import { type AuditRecord, type AuditStore, type ListAuditRecords } from '@orrery/core';
import { bind, Checks, makePageToken, readPlaceToken, type ServiceBinding } from '@orrery/service';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 1000;
const MAX_TYPES = 100;

/** What happened, for those who ask later. */
export function auditService(audit: AuditStore): ServiceBinding {
  return bind(assessmentv1.AuditServiceDefinition, {
    listAuditRecords: async (request) => {
      const { query, boundTo } = parseListQuery(request);
      const found = await audit.list(query);
      const page = found.slice(0, query.limit - 1);
      const last = page.at(-1);
      return {
        records: page.map(auditRecordToProto),
        nextPageToken: found.length === query.limit && last ? makePageToken(placeOf(last), boundTo) : '',
      };
    },
  });
}

/** The query asks for one more than the page holds, to see whether there is another page. */
function parseListQuery(request: assessmentv1.ListAuditRecordsRequest): {
  readonly query: ListAuditRecords;
  readonly boundTo: unknown;
} {
  const { subject, correlationId, types } = request;
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  checks.text('subject', subject);
  checks.text('correlation_id', correlationId);
  const from = checks.parse(() => timeFromProto(request.timeFrom, 'time_from'));
  const before = checks.parse(() => timeFromProto(request.timeBefore, 'time_before'));
  types.forEach((type, i) => checks.pattern(`types[${i}]`, type));
  checks.require(types.length <= MAX_TYPES, 'types', `has more than ${MAX_TYPES} entries`);
  checks.require(request.pageSize >= 0, 'page_size', 'must not be negative');
  checks.done();
  const boundTo = [namespace, subject, correlationId, from, before, types];
  const after = readPlaceToken(request.pageToken, boundTo, readPlace);
  const query: ListAuditRecords = {
    namespace,
    limit: Math.min(request.pageSize || DEFAULT_PAGE, MAX_PAGE) + 1,
    ...(subject !== '' && { subject }),
    ...(correlationId !== '' && { correlationId }),
    ...(from && { from }),
    ...(before && { before }),
    ...(types.length > 0 && { types }),
    ...(after && { after }),
  };
  return { query, boundTo };
}

/** Where a record stands in the order, as a page token holds it. */
function placeOf({ position, event }: AuditRecord): string {
  return `${event.at.getTime()} ${position}`;
}

function readPlace(place: string): { readonly at: Date; readonly position: bigint } | undefined {
  const { at, position } = /^(?<at>-?\d{1,15}) (?<position>\d{1,18})$/.exec(place)?.groups ?? {};
  return position === undefined ? undefined : { at: new Date(Number(at)), position: BigInt(position) };
}
