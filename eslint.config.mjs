// Lint rules: typescript-eslint's strict set where it fits the style of the code, and who may import whom.
import tseslint from 'typescript-eslint';
import { forbiddenImports } from './tools/scripts/src/import-rules.ts';
import { readWorkspacePackages } from './tools/scripts/src/workspace-packages.ts';

const SPECS = ['**/*.spec.ts', '**/test/**/*.ts'];

/** Import rules for the files of every package: `files` and `ignores` are relative to its folder. */
const importRules = readWorkspacePackages(import.meta.dirname).flatMap((each, _index, all) => {
  const rule = (kind) => ['error', { patterns: [...forbiddenImports(each, kind, all)] }];
  return [
    { files: [`${each.folder}/**/*.ts`], rules: { 'no-restricted-imports': rule('source') } },
    { files: [`${each.folder}/src/main.ts`], rules: { 'no-restricted-imports': rule('main') } },
    { files: SPECS.map((spec) => `${each.folder}/${spec}`), rules: { 'no-restricted-imports': rule('spec') } },
  ];
});

export default tseslint.config(
  { ignores: ['**/dist/', '**/generated/', '.nx/', '**/.venv/', '**/*.tmp.ts'] },
  { files: ['**/*.mjs'], extends: [tseslint.configs.recommended] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', 400],
      'no-console': 'error',
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only main.ts reads it.' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
        {
          selector: 'ImportExpression[source.value=/^@orrery/]',
          message: 'Import packages statically: lint sees those.',
        },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],

      // Where the strict set is stricter than helps here.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // The reason of an AbortSignal is `any`, and goes on as it is.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true, allowThrowingAny: true }],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingUnknown: true, allowThrowingAny: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Narrowing does not see that a signal is aborted, or a field changed, while one waits.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Callers may be JavaScript.
      '@typescript-eslint/no-unnecessary-type-conversion': 'off',
      // The same gRPC status comes from two libraries.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      // Ports are asynchronous, and some of their implementations have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Asks for `!`, which the strict set forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Types of JSON and rows name what they hold; both forms read well.
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      // A row type as the only type argument is how statements are typed.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: [
      '**/src/main.ts',
      'tools/**/*.ts',
      'examples/**/*.ts',
      'libs/{store-conformance,testing}/**/*.ts',
      ...SPECS,
    ],
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: SPECS,
    rules: {
      // Jest's matchers are typed `any`, and what a spec has just put into a list is there.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  ...importRules,
);
