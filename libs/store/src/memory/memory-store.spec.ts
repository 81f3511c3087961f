import type { Clock } from '@orrery/core';
import { modelSuite, storeSuite } from '@orrery/store-conformance';
import { openMemoryStore } from './open-memory-store.ts';

const open = async (clock: Clock) => openMemoryStore({ clock });

storeSuite('memory', { open });
modelSuite('memory', { open });
