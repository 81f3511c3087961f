import { storeSuite } from '@orrery/testing';
import { openMemoryStore } from './open-memory-store.ts';

storeSuite('memory', { open: async (clock) => openMemoryStore({ clock }) });
