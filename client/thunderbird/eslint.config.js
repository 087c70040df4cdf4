// npx eslint client/thunderbird

import js from "@eslint/js";

const names = list => Object.fromEntries(list.map(name => [name, "readonly"]));

export default [
  js.configs.recommended,
  {
    files: ["**/*.js"],
    ignores: ["eslint.config.js"],
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: "module",
      globals: names(["messenger", "document", "window", "location", "console", "crypto",
                      "setTimeout", "btoa", "DOMParser", "File", "Option"]),
    },
    rules: {
      "curly": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow": "error",
      "no-unused-vars": "error",
      "max-len": ["error", 100],
      "max-lines-per-function": ["error", 50],
      "complexity": ["error", 10],
    },
  },
];
