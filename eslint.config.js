import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default defineConfig(
  {
    ignores: [
      'dist/',
      'coverage/',
      'node_modules/',
      '.data/',
      'mail-preview/',
      'examples/',
      '**/dist/',
      '**/schema.d.ts',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', { max: 250 }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // Numbers and ids in messages are plain to read.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Nest modules are classes with decorators and nothing in them.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // `() => void call()` and handlers that return nothing are how callbacks look.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      // DTOs are classes for their decorators; answers are plain objects of their shape.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Code points are what the rules count in.
      '@typescript-eslint/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }, 'string'] }],
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/access/nest-metadata.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['@nestjs/*/*'], message: 'Internals of Nest are read in src/access/nest-metadata.ts.' }],
        },
      ],
    },
  },
  {
    files: ['console/src/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat['recommended-latest']],
    rules: {
      // Handlers of React are not waited for; what they start says itself when it fails.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['**/../src/*', 'roster', 'node:*'], message: 'The console knows the public API alone.' },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]',
          message: 'What people have entered is never HTML.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'console/test/**/*.ts'],
    rules: {
      // A journey is longer than a rule.
      'max-lines': ['error', { max: 400 }],
      // What a test has just made is there; where it is not, the test fails all the same.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Jest's expect takes bound methods, and answers of the API are looked at as they come.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        fetch: 'readonly',
        setTimeout: 'readonly',
        process: 'readonly',
        globalThis: 'readonly',
        module: 'writable',
        console: 'readonly',
      },
    },
  },
  {
    files: ['templates/pages/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'document',
          'window',
          'navigator',
          'addEventListener',
          'removeEventListener',
          'FormData',
          'location',
          'atob',
          'btoa',
          'AbortController',
          'PublicKeyCredential',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
