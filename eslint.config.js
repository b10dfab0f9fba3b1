import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  globalIgnores(['**/dist/', '**/pb/', 'packages/hearsay/command/', '.cache/']),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-console': 'off',
      'no-constant-condition': ['error', { checkLoops: 'none' }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-self-compare': 'error',
      'no-unreachable-loop': 'error',
      'no-unused-expressions': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'max-lines': ['error', { max: 600, skipBlankLines: false, skipComments: false }],

      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false }
      ],
      '@typescript-eslint/no-unused-vars': ['error', { args: 'after-used', caughtErrors: 'all' }],

      // Numbers are what messages are made of here; everything else must still be turned to text on purpose.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => emitter.stop()` reads better than a block, and nothing is lost where the caller takes void.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }
      ],
      // Bytes are read by index everywhere; TypeScript does not know that the index is in range, we do.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Interface implementations may be async by contract before they have something to await.
      '@typescript-eslint/require-await': 'off',
      // Fires on every boundary where the types promise what remote input does not keep.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // WebIDL converts what callers hand in, whatever their types promise.
      '@typescript-eslint/no-unnecessary-type-conversion': 'off'
    }
  },
  {
    files: ['**/test/**/*.ts'],
    rules: {
      // Empty handlers and stubs are what tests hand in.
      '@typescript-eslint/no-empty-function': 'off'
    }
  },
  { files: ['**/*.js', '**/*.cjs'], extends: [tseslint.configs.disableTypeChecked] }
)
