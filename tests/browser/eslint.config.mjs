// Few rules: those that find faults, and the style of .editorconfig.
import js from '@eslint/js';

const names = (list) => Object.fromEntries(list.map((n) => [n, 'readonly']));

const style = {
  ...js.configs.recommended.rules,
  'eqeqeq': 'error',
  'max-len': ['error', { code: 80, ignoreUrls: true, ignoreRegExpLiterals: true,
    ignoreStrings: true, ignoreTemplateLiterals: true }],
  'max-lines': ['error', 900],
  'max-lines-per-function': ['error', { max: 300 }],
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'no-restricted-properties': ['error',
    { property: 'insertAdjacentHTML', message: 'Text nodes only.' }],
  'no-restricted-syntax': ['error',
    { selector: "AssignmentExpression[left.property.name='innerHTML']",
      message: 'Text nodes only.' },
    { selector: "CallExpression[callee.property.name='setAttribute'][arguments.0.value='style']",
      message: 'CSP: set element.style by property.' }],
};

export default [
  {
    files: ['**/src/browser/**/*.js'],
    languageOptions: {
      ecmaVersion: 2021,
      sourceType: 'module',
      // tsc knows the DOM; here are only the names.
      globals: names(['__CSS_URL__', '__LANG_URLS__', '__PANEL_URL__']),
    },
    // tsc finds names that do not exist, and knows more of them.
    rules: { ...style, 'no-undef': 'off' },
  },
  {
    files: ['**/tests/browser/**/*.mjs'],
    languageOptions: { ecmaVersion: 2022, sourceType: 'module' },
    rules: { ...style, 'no-undef': 'off' },
  },
];
