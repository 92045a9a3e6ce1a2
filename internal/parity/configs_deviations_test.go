package parity

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// configDeviation is something that authconfig does otherwise than kube-apiserver
// with a configuration. Each is stricter or says the same in other words.
type configDeviation struct {
	name       string
	reason     string
	documented string                   // in docs/differences.md
	rows       map[string]configVerdict // what ours says of each row that it applies to
}

const anyAuthority = "jwt[0].issuer.certificateAuthority"

var configDeviations = []configDeviation{
	{
		name:       "host",
		reason:     "nobody can be asked for keys there",
		documented: "| `issuer.url` or `discoveryURL` without a host, ",
		rows: map[string]configVerdict{
			"no host":                             badFields(issuerURLPath).because("has no host"),
			"no host but a path":                  badFields(issuerURLPath).because("has no host"),
			"no host but a port":                  badFields(issuerURLPath).because("has no host"),
			"no slashes":                          badFields(issuerURLPath).because("has no host"),
			"discovery, no host":                  badFields("jwt[0].issuer.discoveryURL").because("has no host"),
			"discovery, no slashes":               badFields("jwt[0].issuer.discoveryURL").because("has no host"),
			"wrong to ours alone, in two entries": badFields(issuerURLPath, "jwt[1].issuer.discoveryURL", "jwt[1].issuer.url"),
		},
	},
	{
		name:       "empty query",
		reason:     "the path of the discovery document would be in the query",
		documented: "`issuer.url` with an empty query |",
		rows: map[string]configVerdict{
			"empty query":              badFields(issuerURLPath).because("URL must not contain a query"),
			"empty query and fragment": badFields(issuerURLPath).because("URL must not contain a query"),
		},
	},
	{
		name:       "bundle",
		reason:     "half of a bundle is not what was meant, and a key does not belong there",
		documented: "| `certificateAuthority` that is cut off or has other PEM blocks in it",
		rows: map[string]configVerdict{
			"authorities, the second cut off": badFields(anyAuthority).because("cut off or broken"),
			"authorities, the first cut off":  badFields(anyAuthority).because("cut off or broken"),
			"authority, a key before it":      badFields(anyAuthority).because("want a CERTIFICATE"),
			"authority, a key after it":       badFields(anyAuthority).because("want a CERTIFICATE"),
			"authorities, one with headers":   badFields(anyAuthority).because("has no headers"),
		},
	},
	{
		name:       "size",
		reason:     "bounded work",
		documented: "| files over 4 MiB, or that long once YAML aliases are written out |",
		rows: map[string]configVerdict{
			"5 MB of comments":   noConfig("more than 4194304"),
			"6 MB of aliases":    noConfig("yaml: more than 4194304 bytes once its aliases are written out"),
			"alias bomb":         noConfig("yaml: more than 4194304 bytes once its aliases are written out"),
			"an alias of itself": noConfig("yaml: more than 4194304 bytes once its aliases are written out"),
		},
	},
	{
		name:       "egress",
		reason:     "the same refusal, with the field",
		documented: "| errors about a file |",
		rows: map[string]configVerdict{
			"egress, cluster and no way":      badFields("jwt[0].issuer.egressSelectorType").because("no Options.Egress"),
			"egress, controlplane and no way": badFields("jwt[0].issuer.egressSelectorType").because("no Options.Egress"),
		},
	},
	{
		name:       "one line",
		reason:     "kube-apiserver's error has the whole file in it",
		documented: "| errors about a file |",
		rows: map[string]configVerdict{
			"no version":                     noConfig("Object 'apiVersion' is missing in '\ufffdkind: AuthenticationConfiguration\ufffd"),
			"no kind":                        noConfig("Object 'Kind' is missing in 'apiVersion: apiserver.config.k8s.io/v1\ufffd"),
			"kind is null":                   noConfig("Object 'Kind' is missing in 'apiVersion: apiserver.config.k8s.io/v1\ufffd"),
			"blanks":                         noConfig("Object 'Kind' is missing in '  \ufffd\ufffd'"),
			"a comment":                      noConfig("Object 'Kind' is missing in '# to be done\ufffd'"),
			"two documents, the first empty": noConfig("Object 'Kind' is missing in '---\ufffd---\ufffd"),
		},
	},
	{
		name:       "words",
		reason:     "the same refusal in this library's words",
		documented: "| errors about a file |",
		rows: map[string]configVerdict{
			"empty":                       noConfig("the configuration is empty"),
			"AuthorizationConfiguration":  noConfig("want an AuthenticationConfiguration, got *apiserver.AuthorizationConfiguration"),
			"AdmissionConfiguration":      noConfig("want an AuthenticationConfiguration, got *apiserver.AdmissionConfiguration"),
			"EncryptionConfiguration":     noConfig("want an AuthenticationConfiguration, got *apiserver.EncryptionConfiguration"),
			"TracingConfiguration":        noConfig("want an AuthenticationConfiguration, got *apiserver.TracingConfiguration"),
			"EgressSelectorConfiguration": noConfig("want an AuthenticationConfiguration, got *apiserver.EgressSelectorConfiguration"),
		},
	},
}

// deviating returns what ours says of a row, if that is not what kube-apiserver does.
func deviating(row string) (configVerdict, bool) {
	for _, d := range configDeviations {
		if v, ok := d.rows[row]; ok {
			return v, true
		}
	}
	return configVerdict{}, false
}

// TestConfigDeviations wants each deviation to be of rows that there are, each of
// one alone, and to have a reason.
func TestConfigDeviations(t *testing.T) {
	there := make(map[string]int)
	for _, row := range configRows(t) {
		there[row.name] = 1
	}
	for _, d := range configDeviations {
		require.NotEmpty(t, d.reason, d.name)
		require.NotEmpty(t, d.rows, d.name)
		for row, v := range d.rows {
			require.Equal(t, 1, there[row], "%s: no row, or one of two deviations: %q", d.name, row)
			require.NotEqual(t, stageAccepted, v.stage, "%s: ours may only refuse", d.name)
			there[row]++
		}
	}
}

// TestConfigDeviationsAreDocumented wants users to be told of each.
func TestConfigDeviationsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/differences.md")
	require.NoError(t, err)
	for _, d := range configDeviations {
		require.NotEmpty(t, d.documented, d.name)
		require.True(t, strings.Contains(string(text), d.documented), "%s: not in docs/differences.md: %s", d.name, d.documented)
	}
}
