import type { Clock, Store } from '@orrery/core';
import { auditTests } from './audit-tests.ts';
import { bulkTests } from './bulk-tests.ts';
import { cancellationTests } from './cancellation-tests.ts';
import { claimOrderTests } from './claim-order-tests.ts';
import { claimTests } from './claim-tests.ts';
import { completionTests } from './completion-tests.ts';
import { creationTests } from './creation-tests.ts';
import { definitionTests } from './definition-tests.ts';
import { dedupTests } from './dedup-tests.ts';
import { eventLogTests } from './event-log-tests.ts';
import { eventReaderTests } from './event-reader-tests.ts';
import { expiryTests } from './expiry-tests.ts';
import { failureTests } from './failure-tests.ts';
import { fencingTests } from './fencing-tests.ts';
import { flowTests } from './flow-tests.ts';
import { leaseTests } from './lease-tests.ts';
import { listTests } from './list-tests.ts';
import { payloadTests } from './payload-tests.ts';
import { progressTests } from './progress-tests.ts';
import { promotionTests } from './promotion-tests.ts';
import { purgeTests } from './purge-tests.ts';
import { quotaTests } from './quota-tests.ts';
import { redriveTests } from './redrive-tests.ts';
import { requestTests } from './request-tests.ts';
import { scheduleTests } from './schedule-tests.ts';
import { statsTests } from './stats-tests.ts';
import { SuiteContext } from './suite-context.ts';
import { timeoutTests } from './timeout-tests.ts';
import { workerEventTests } from './worker-event-tests.ts';
import { workerTests } from './worker-tests.ts';

/** How the suite comes by a store. */
export interface StoreAdapter {
  /** Opens a store that goes by this clock; the suite brings its schema up to date and has it to itself. */
  open(clock: Clock): Promise<Store>;
  /** Closes the store and what it stands on. Default: closes the store. */
  close?(store: Store): Promise<void>;
}

/** Registers, as Jest tests, everything a store must do to be one. All of them share one store; each has its own namespace. */
export function storeSuite(name: string, adapter: StoreAdapter): void {
  describe(`A15: ${name} as a store`, () => {
    const context = new SuiteContext();

    beforeAll(async () => {
      const store = await adapter.open(context.clock);
      await store.migrate();
      context.open(store);
    });
    beforeEach(() => context.begin());
    afterEach(() => context.end());
    afterAll(() => (adapter.close ? adapter.close(context.store) : context.store.close()));

    creationTests(context);
    requestTests(context);
    dedupTests(context);
    definitionTests(context);
    claimTests(context);
    claimOrderTests(context);
    flowTests(context);
    completionTests(context);
    failureTests(context);
    fencingTests(context);
    leaseTests(context);
    expiryTests(context);
    cancellationTests(context);
    redriveTests(context);
    bulkTests(context);
    promotionTests(context);
    progressTests(context);
    timeoutTests(context);
    listTests(context);
    purgeTests(context);
    quotaTests(context);
    eventLogTests(context);
    eventReaderTests(context);
    auditTests(context);
    payloadTests(context);
    statsTests(context);
    workerTests(context);
    workerEventTests(context);
    scheduleTests(context);
  });
}
