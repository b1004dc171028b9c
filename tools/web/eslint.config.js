// The style of the exported page's modules; what they name and of which type, `tsc` knows.
import js from "@eslint/js";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off", // tsc says it, and knows the browser's names
      "no-unused-vars": "off", // likewise
      "eqeqeq": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-properties": ["error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property, message: "Names in data are hostile input: make elements by dom.js.",
        })),
      ],
      "no-restricted-syntax": ["error",
        { selector: "ImportExpression", message: "Modules are joined into one: import by name." },
        { selector: "ExportDefaultDeclaration", message: "Modules are joined into one: export by name." },
        { selector: "ExportNamedDeclaration[source], ExportAllDeclaration", message: "Modules are joined into one: import from where it is." },
        { selector: "ImportNamespaceSpecifier, ImportDefaultSpecifier", message: "Modules are joined into one: import by name." },
      ],
      "no-var": "error",
      "prefer-const": "error",
      "max-lines-per-function": ["error", { max: 60, skipComments: true, skipBlankLines: true }],
    },
  },
];
