package parity

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// yamlRows are about what two readers of YAML could read differently.
func yamlRows() []configRow {
	audiences := func(items string) string {
		return withIssuer(goodURL + ", audiences: [" + items + "], audienceMatchPolicy: MatchAny")
	}
	replaced := func(old, with string) string { return strings.Replace(minimalConfig, old, with, 1) }
	const junk = `found character that cannot start any token`
	return []configRow{
		{name: "carriage returns", text: strings.ReplaceAll(minimalConfig, "\n", "\r\n"), want: taken()},
		{name: "carriage returns alone", text: strings.ReplaceAll(minimalConfig, "\n", "\r"), want: taken()},
		{name: "next lines", text: strings.ReplaceAll(minimalConfig, "\n", "\u0085"), want: taken()},
		{name: "line separators", text: strings.ReplaceAll(minimalConfig, "\n", "\u2028"), want: taken()},
		{name: "a tab before a value", text: replaced("kind: ", "kind:\t"), want: taken()},
		{name: "a tab before a comment", text: replaced("jwt:", "jwt:\t# one"), want: taken()},
		{name: "a tab before the next line of a list", text: document("jwt: [\n\t" + configEntries(0, 1)[0] + "\n\t]"), want: taken()},
		{name: "a key with a question mark", text: replaced("jwt:", "? jwt\n:"), want: taken()},
		{name: "comments between items", text: audiences("a, # one\n  b, # two\n  c"), want: taken()},
		{name: "comments of other indentation", text: replaced("jwt:\n", "jwt:\n      # a\n # b\n# c\n"), want: taken()},
		{name: "a comma too many", text: audiences("a, b,"), want: taken()},
		{name: "a colon without a blank", text: audiences("a:b, c:"), want: taken()},
		{name: "a colon before a text", text: audiences("a, :b"), want: noConfig(`did not find expected node content`)},
		{name: "an at sign", text: audiences("@a"), want: noConfig(junk)},
		{name: "a time", text: audiences("2001-01-01"), want: taken()},
		{name: "minutes", text: audiences("1:30"), want: taken()},
		{name: "octal", text: audiences("010"), want: noConfig(`cannot unmarshal number into Go struct field`)},
		{name: "infinity", text: audiences(".inf"), want: noConfig(`json: unsupported value: +Inf`)},
		{name: "escapes", text: audiences(`"\x41\u00e9\e\_"`), want: taken()},
		{name: "the escape of a slash", text: audiences(`"a\/b"`), want: noConfig(`found unknown escape character`)},
		{name: "surrogates", text: audiences(`"\ud83d\ude00"`), want: noConfig(`found invalid Unicode character escape code`)},
		{name: "a character above 65,535", text: audiences("\U0001F600"), want: taken()},
		{name: "a character for private use", text: audiences("\ue000"), want: taken()},
		{name: "what is no character", text: audiences("\uffff"), want: noConfig(`control characters are not allowed`)},
		{name: "BOM in the middle", text: audiences("a\ufeffb"), want: taken()},
		{name: "binary that is none", text: audiences("!!binary a"), want: noConfig(`!!binary value contains invalid base64 data`)},
		{name: "a number that is none", text: audiences("!!int a"), want: noConfig("cannot decode !!str `a` as a !!int")},
		{name: "an anchor twice", text: audiences("&a v, &a w, *a"), want: badFields("jwt[0].issuer.audiences[2]").because(`Duplicate value: "w"`)},
		{name: "a merge of a number", text: withIssuer("<<: 5, " + goodURL + ", " + goodTo), want: noConfig(`map merge requires map or sequence of maps as the value`)},
		{name: "a key that is null", text: document("jwt: []", "~: 1"), want: noConfig(`unsupported map key`)},
		{name: "a key that is a list", text: document("jwt: []", "[a]: 1"), want: noConfig(`invalid map key`)},
		{name: "a long key", text: document("jwt: []", strings.Repeat("k", 2000)+": 1"), want: noConfig(`could not find expected ':'`)},
		{name: "YAML 1.2", text: "%YAML 1.2\n---\n" + minimalConfig, want: noConfig(`found incompatible YAML document`)},
		{name: "unknown directive", text: "%A b\n---\n" + minimalConfig, want: noConfig(`found unknown directive name`)},
		{name: "two documents, the second broken", text: minimalConfig + "--- a: b\n", want: taken()},
		{name: "two documents, the second no YAML", text: minimalConfig + "---\n\t@\n", want: taken()},
		{name: "text after the end", text: minimalConfig + "...\n@@@\n", want: taken()},
		{name: "items that are missing", text: document("jwt:", "-", "anonymous:"), want: badFields("jwt[0].issuer.url", "jwt[0].issuer.audiences", "jwt[0].claimMappings.username")},
	}
}

// starry is a comment that looks so much like aliases that authconfig looks for them.
var starry = "\n" + strings.Repeat("# &a "+strings.Repeat("*", 94)+"\n", 500)

// TestConfigsWithStars wants a comment to change nothing.
func TestConfigsWithStars(t *testing.T) {
	for _, row := range configRows(t) {
		isJSON := strings.HasPrefix(strings.TrimSpace(row.text), "{")
		if isJSON || row.text == "" || len(row.text) > 64<<10 || strings.HasPrefix(row.text, "\xff\xfe") {
			continue // cannot have such a comment
		}
		t.Run(row.name, func(t *testing.T) {
			before := ourVerdict(t, row)
			row.text += starry
			after := ourVerdict(t, row)
			require.Equal(t, before.stage, after.stage, after.texts)
			require.Equal(t, before.paths, after.paths)
		})
	}
}
