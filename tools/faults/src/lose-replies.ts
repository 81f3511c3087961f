// Loaded before a service's own main (node --import): its store and its server then lose a share of their replies after they have
// done what was asked. The service's code is what it always is.
import { registerHooks } from 'node:module';

const REPLACED: Readonly<Record<string, URL>> = {
  '@orrery/store': new URL('lossy-store.ts', import.meta.url),
  '@orrery/service': new URL('lossy-service.ts', import.meta.url),
};
const HERE = new URL('.', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const replacement = REPLACED[specifier];
    // The replacements themselves need what they replace.
    if (!replacement || context.parentURL?.startsWith(HERE) === true) return next(specifier, context);
    return { url: replacement.href, shortCircuit: true };
  },
});
