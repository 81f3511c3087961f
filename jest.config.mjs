// One Jest set-up for every package: real ESM, TypeScript through swc, packages resolved to their sources.
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{src,test}/**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testEnvironmentOptions: { customExportConditions: ['@orrery/source', 'node', 'node-addons'] },
  testTimeout: 30_000,
  injectGlobals: true,
};
