import { EXPONENTIAL, FIXED, NO_RETRY } from '@orrery/core';
import { policyJson } from '../task-options.ts';

/** The channel on which the function tells of tasks once they are committed: a JSON array of their namespace and queue. */
export const TASKS_CREATED = 'orrery_tasks_created';

const PARAMETERS = `
  type text,
  params jsonb default null,
  queue text default null,
  namespace text default null,
  priority integer default null,
  delay interval default null,
  run_at timestamptz default null,
  retry jsonb default null,
  run_timeout interval default null,
  labels jsonb default null,
  correlation_id text default null,
  traceparent text default null,
  parent_task_id text default null,
  id text default null,
  params_bytes bytea default null,
  params_type text default null,
  flow_key text default null,
  dedup_key text default null,
  dedup_window text default null,
  dedup_for interval default null,
  queue_timeout interval default null,
  heartbeat_timeout interval default null,
  retention interval default null`;

/** Everything that is wrong with a task, as task-api would say it. */
const PROBLEMS = `
    select case
        when length(value) > most then format('%s is longer than %s characters', name, most)
        when value = '' then name || ' is required'
        when value !~ '^[A-Za-z0-9._:/-]+$' then name || ' may hold only letters, digits and "._:/-"'
      end as problem
    from (values ('namespace', namespace, 128), ('queue', queue, 128), ('type', coalesce(type, ''), 255), ('id', id, 128),
      ('parent_task_id', nullif(parent_task_id, ''), 128), ('flow_key', nullif(flow_key, ''), 128)) as given (name, value, most)
    union all
    select name || ' is longer than 255 characters'
    from (values ('correlation_id', correlation_id), ('traceparent', traceparent), ('params_type', params_type), ('dedup_key', dedup_key))
      as given (name, value) where length(value) > 255
    union all select 'priority must be from -1000000 to 1000000' where abs(priority) > 1000000
    union all select 'only one of params and params_bytes may be given' where params is not null and params_bytes is not null
    union all select format('params has %s bytes; at most %s are accepted', length(bytes), max_bytes) where length(bytes) > max_bytes
    union all select 'only one of run_at and delay may be given' where run_at is not null and delay is not null
    union all select 'delay must be from 0 to 3650 days' where delay not between '0' and '3650 days'
    union all select format('%s must be from %s to 3650 days', name, least)
    from (values ('run_timeout', run_timeout, '1 ms'), ('queue_timeout', queue_timeout, '1 ms'), ('dedup_for', dedup_for, '1 ms'),
      ('heartbeat_timeout', heartbeat_timeout, '1 s'), ('retention', retention, '1 min')) as given (name, length, least)
      where length not between least::interval and '3650 days'
    union all select 'dedup_window must be WHILE_ACTIVE or FOREVER' where dedup_window not in ('WHILE_ACTIVE', 'FOREVER')
    union all select 'only one of dedup_window and dedup_for may be given' where dedup_window is not null and dedup_for is not null
    union all select 'dedup_key is required where a window is given' where dedup_key is null
      and (dedup_window is not null or dedup_for is not null)
    union all select 'labels must be an object of at most 64 texts' where
      case jsonb_typeof(labels) when 'object' then (
        select count(*) > 64 or not bool_and(key ~ '^[A-Za-z0-9._:/-]{1,63}$' and jsonb_typeof(value) = 'string'
          and length(value #>> '{}') <= 255) from jsonb_each(labels)) else labels is not null end
    union all select 'retry must be "exponential", "fixed", "none", or parts of a policy' where policy is null
      or jsonb_typeof(retry) = 'object' and retry - array(select jsonb_object_keys(exponential)) <> '{}'
    union all select 'retry: maxAttempts must be a whole number from 1 to 10000' where
      case jsonb_typeof(policy->'maxAttempts') when 'number' then (policy->>'maxAttempts')::numeric not between 1 and 10000
        or (policy->>'maxAttempts')::numeric % 1 <> 0 else policy is not null end
    union all select format('retry: %s must be a number from %s to %s', name, least, most)
    from (values ('multiplier', 1, 100), ('jitter', 0, 1)) as given (name, least, most) where
      case jsonb_typeof(policy->name) when 'number' then (policy->>name)::numeric not between least and most
        else policy is not null end
    union all select format('retry: %s must be seconds, e.g. "1.5s"', name)
    from (values ('initialDelay'), ('maxDelay')) as given (name)
    where policy->>name !~ '^[0-9]{1,12}([.][0-9]{1,9})?s$'
    union all select 'retry: predicate is none of those there are' where policy is not null and (case policy->'predicate'->>'on'
      when 'ERROR_TYPE' then jsonb_typeof(policy->'predicate'->'types') = 'array' and policy->'predicate'->'types' <> '[]'
      else policy->'predicate'->>'on' in ('RETRYABLE_ERROR', 'ANY_ERROR', 'NEVER') end) is not true`;

/** A length of time as JSON has it, e.g. "1.5s". */
function jsonDuration(interval: string): string {
  return `trim_scale(extract(epoch from ${interval})) || 's'`;
}

/** A UUIDv7 as PostgreSQL 18 makes it: what is below the millisecond comes first among its random bits. */
const NEW_ID = `encode(set_bit(overlay(uuid_send(gen_random_uuid()) placing int8send(
      (micros / 1000 << 16) | 28672 | (micros % 1000 * 4096 / 1000)) from 1 for 8), 64, 1), 'hex')::uuid::text`;

/**
 * Takes the dedup key, or returns the task that holds it, as create-checked.ts does. A transaction that has the key and has not ended is
 * waited for. Whether the holder is live is asked by a statement of its own, after the lock, which sees what was committed meanwhile.
 */
const TAKE_KEY = `
  while dedup_key is not null loop
    insert into task_dedup (namespace, key, task_id, hold_window, expires_at, held_at)
    values (namespace, dedup_key, id, hold_window, current_time_ms() + dedup_for, current_time_ms())
    on conflict do nothing;
    exit when found;
    select held.task_id, held.hold_window, held.expires_at into holder from task_dedup as held
    where held.namespace = namespace and held.key = dedup_key for update;
    continue when not found;
    if holder.hold_window = 'FOREVER' or holder.expires_at > current_time_ms()
      or holder.hold_window = 'WHILE_ACTIVE' and exists (
        select from task as live where live.namespace = namespace and live.id = holder.task_id) then
      return holder.task_id;
    end if;
    update task_dedup as held
    set task_id = id, hold_window = hold_window, expires_at = current_time_ms() + dedup_for, held_at = current_time_ms()
    where held.namespace = namespace and held.key = dedup_key;
    exit;
  end loop;`.replaceAll('current_time_ms()', `date_trunc('milliseconds', clock_timestamp())`);

/**
 * Creates a task within the transaction of an application on the same database, as create-tasks.ts does: the row and its event.
 * Whoever may execute it needs no rights to the tables. A transaction that is rolled back leaves nothing. It goes by what is said about
 * the namespace (namespace-json.ts in task-api), but takes no room of its quotas: that would lock it until the application commits.
 */
export const createTaskFunction: readonly string[] = [
  `create function orrery_create_task(${PARAMETERS}
) returns text language plpgsql security definer as $function$
#variable_conflict use_variable
declare
  exponential constant jsonb := '${JSON.stringify(policyJson(EXPONENTIAL))}';
  max_bytes integer := coalesce(nullif(current_setting('orrery.max_payload_bytes', true), '')::integer, 1048576);
  micros constant bigint := extract(epoch from clock_timestamp()) * 1000000;
  created_at constant timestamptz := date_trunc('milliseconds', now());
  chosen constant boolean := coalesce(id, '') <> '';
  bytes bytea;
  policy jsonb;
  options jsonb;
  problems text[];
  holds jsonb;
  hold_window text;
  holder record;
begin
  namespace := coalesce(nullif(namespace, ''), 'default');
  queue := coalesce(nullif(queue, ''), 'default');
  priority := coalesce(priority, 0);
  correlation_id := coalesce(nullif(correlation_id, ''), gen_random_uuid()::text);
  traceparent := coalesce(traceparent, '');
  parent_task_id := coalesce(parent_task_id, '');
  params_type := coalesce(nullif(params_type, ''), 'application/json');
  dedup_key := nullif(dedup_key, '');
  holds := (select said.body::jsonb from definition as said where said.kind = 'NAMESPACE' and said.namespace = namespace
    and said.name = '' and said.version = 0);
  max_bytes := least(max_bytes, (holds #>> '{quotas,maxPayloadBytes}')::integer);
  bytes := coalesce(params_bytes, convert_to(coalesce(params, 'null')::text, 'UTF8'));
  policy := case retry
    when '"fixed"' then '${JSON.stringify(policyJson(FIXED))}'
    when '"none"' then '${JSON.stringify(policyJson(NO_RETRY))}'
    else case when jsonb_typeof(retry) = 'object' then exponential || retry
      when coalesce(retry, '"exponential"') = '"exponential"' then exponential end
  end;
  if not chosen then
    id := ${NEW_ID};
  end if;
  select array_agg(problem) into problems from (${PROBLEMS}
  ) as found where problem is not null;
  if problems is not null then
    raise exception using errcode = 'invalid_parameter_value', message = 'task: ' || array_to_string(problems, '; ');
  end if;
  if (holds->>'closed')::boolean then
    raise exception using errcode = 'object_not_in_prerequisite_state', message = format('namespace %s is closed', namespace);
  end if;
  if (holds->>'strict')::boolean and not exists (select from definition as known where known.kind = 'TASK_TYPE'
    and known.namespace = namespace and known.name = type and known.active) then
    raise exception using errcode = 'object_not_in_prerequisite_state',
      message = format('no type %s is registered and active in namespace %s, which is strict', type, namespace);
  end if;
  hold_window := case when dedup_for is null then coalesce(dedup_window, 'WHILE_ACTIVE') else 'UNTIL' end;${TAKE_KEY}
  options := jsonb_strip_nulls(jsonb_build_object(
    'retry', nullif(policy, exponential), 'runTimeout', ${jsonDuration('run_timeout')},
    'queueTimeout', ${jsonDuration('queue_timeout')}, 'heartbeatTimeout', ${jsonDuration('heartbeat_timeout')},
    'dedupKey', dedup_key, 'retention', ${jsonDuration('retention')}));
  run_at := greatest(created_at, date_trunc('milliseconds', run_at), created_at + date_trunc('milliseconds', delay));
  insert into task (
    namespace, id, queue, type, params, params_type, priority, flow_key, options, labels, correlation_id, traceparent,
    parent_task_id, status, run_at, attempt, max_attempts, worker_id, created_at, updated_at, revision, ready, start_by)
  values (
    namespace, id, queue, type, bytes, params_type, priority, nullif(flow_key, ''), nullif(options, '{}')::text, nullif(labels, '{}'), correlation_id, traceparent,
    parent_task_id, 'PENDING', run_at, 0, (policy->>'maxAttempts')::integer, '', created_at, created_at, 1, run_at <= created_at,
    run_at + queue_timeout);
  if chosen and exists (select from finished_task as ended where ended.namespace = namespace and ended.id = id) then
    raise exception using errcode = 'unique_violation', message = format('task %s exists already in namespace %s', id, namespace);
  end if;
  insert into outbox (namespace, at, events) values (namespace, created_at,
    json_build_array(json_build_array('created', id, 1, queue, type, 0, '', correlation_id, traceparent)));
  perform pg_notify('${TASKS_CREATED}', json_build_array(namespace, queue)::text);
  return id;
end
$function$`,
  'revoke all on function orrery_create_task from public',
  // A search path of its caller's must not lead it to other tables.
  `do $$ begin
    execute format('alter function orrery_create_task set search_path = %I, pg_temp', current_schema());
  end $$`,
];
