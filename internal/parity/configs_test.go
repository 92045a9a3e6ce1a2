package parity

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/apiserver/pkg/server/egressselector"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/oidc"

	"github.com/authnchain/authnchain/jwt/authconfig"
)

// configRow is a configuration and what kube-apiserver makes of it.
type configRow struct {
	name string
	text string
	want configVerdict
	with configSetting
}

// configSetting is what of the server around it a configuration depends on.
type configSetting struct {
	accountIssuers []string // of service account tokens
	egress         bool     // there are ways to reach an issuer
}

// configStage is how far a configuration comes.
type configStage string

const (
	stageUnreadable configStage = "unreadable" // it is no AuthenticationConfiguration
	stageInvalid    configStage = "invalid"    // fields of it are wrong
	stageUnusable   configStage = "unusable"   // valid, but no authenticator can be made of it
	stageAccepted   configStage = "accepted"
)

// configVerdict is what became of a configuration, or what a row says should.
type configVerdict struct {
	stage configStage
	paths []string // of the fields that are wrong, in order
	texts []string // of the errors, one for each path; in a row, a part of one
}

// taken, badFields and noConfig are what a row says.
func taken() configVerdict { return configVerdict{stage: stageAccepted} }
func badFields(paths ...string) configVerdict {
	return configVerdict{stage: stageInvalid, paths: paths}
}
func noConfig(text string) configVerdict {
	return configVerdict{stage: stageUnreadable, texts: []string{text}}
}
func noWay(text string) configVerdict {
	return configVerdict{stage: stageUnusable, texts: []string{text}}
}
func (v configVerdict) because(t string) configVerdict { v.texts = []string{t}; return v }

// requireLike wants got to be what a row says.
func (v configVerdict) requireLike(t *testing.T, got configVerdict) {
	t.Helper()
	require.Equal(t, v.stage, got.stage, got.texts)
	require.Equal(t, v.paths, got.paths, got.texts)
	if len(v.texts) > 0 {
		require.Contains(t, strings.Join(got.texts, "\n"), v.texts[0])
	}
}

// TestConfigs reads each configuration as kube-apiserver does and as
// authconfig.Parse does. They must agree to the letter, but for configDeviations.
func TestConfigs(t *testing.T) {
	rows := configRows(t)
	t.Logf("%d configurations", len(rows))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			theirs, ours := upstreamVerdict(t, row), ourVerdict(t, row)
			row.want.requireLike(t, theirs)
			if ours.stage == stageAccepted {
				require.Equal(t, stageAccepted, theirs.stage, "ours takes what kube-apiserver refuses: %v", theirs.texts)
			}
			if want, ok := deviating(row.name); ok {
				require.NotEqual(t, theirs, ours, "the deviation is none")
				want.requireLike(t, ours)
				return
			}
			require.Equal(t, theirs, ours)
			if ours.stage == stageAccepted {
				requireSameConfig(t, row)
			}
		})
	}
}

// requireSameConfig wants both to read the same.
func requireSameConfig(t *testing.T, row configRow) {
	theirs, err := upstreamConfig([]byte(row.text), nil)
	require.NotNil(t, theirs, err)
	ours, err := authconfig.Decode([]byte(row.text))
	require.NoError(t, err)
	require.True(t, reflect.DeepEqual(theirs, ours))
}

func upstreamVerdict(t *testing.T, row configRow) configVerdict {
	c, err := upstreamConfig([]byte(row.text), row.with.accountIssuers)
	switch {
	case c == nil:
		require.Error(t, err)
		return configVerdict{stage: stageUnreadable, texts: []string{err.Error()}}
	case err != nil:
		var all utilerrors.Aggregate
		require.ErrorAs(t, err, &all)
		return configVerdictOf(t, all.Errors())
	}
	for _, entry := range c.JWT {
		if err := upstreamUse(t.Context(), entry, row.with, nil); err != nil {
			return configVerdict{stage: stageUnusable, texts: []string{err.Error()}}
		}
	}
	return configVerdict{stage: stageAccepted}
}

// upstreamUse makes an authenticator of an entry, as kube-apiserver does.
func upstreamUse(ctx context.Context, entry apiserver.JWTAuthenticator, with configSetting, algorithms []string) error {
	o := oidc.Options{
		JWTAuthenticator:     entry,
		KeySet:               noConfigKeys{}, // else it fetches them
		SupportedSigningAlgs: algorithms,
		DisallowedIssuers:    with.accountIssuers,
	}
	o.JWTAuthenticator.Issuer.DiscoveryURL = "" // it wants none beside a KeySet
	if entry.Issuer.CertificateAuthority != "" {
		authority, err := dynamiccertificates.NewStaticCAContent("issuer", []byte(entry.Issuer.CertificateAuthority))
		if err != nil {
			return err
		}
		o.CAContentProvider = authority
	}
	if with.egress {
		o.EgressLookup = func(egressselector.NetworkContext) (utilnet.DialFunc, error) { return dialNowhere, nil }
	}
	_, err := oidc.New(ctx, o)
	return err
}

type noConfigKeys struct{}

func (noConfigKeys) VerifySignature(context.Context, string) ([]byte, error) { return nil, io.EOF }

func dialNowhere(context.Context, string, string) (net.Conn, error) { return nil, io.EOF }

func ourVerdict(t *testing.T, row configRow) configVerdict {
	o := &authconfig.Options{DisallowedIssuers: row.with.accountIssuers}
	if row.with.egress {
		o.Egress = func(apiserver.EgressSelectorType) (authconfig.Dialer, error) { return dialNowhere, nil }
	}
	a, err := authconfig.Parse([]byte(row.text), o)
	if err == nil {
		require.NotNil(t, a)
		return configVerdict{stage: stageAccepted}
	}
	require.Nil(t, a)
	var wrong *authconfig.InvalidError
	if errors.As(err, &wrong) {
		return configVerdictOf(t, wrong.Unwrap())
	}
	text, ok := strings.CutPrefix(err.Error(), "authconfig: ")
	require.True(t, ok, err)
	return configVerdict{stage: stageUnreadable, texts: []string{text}}
}

func configVerdictOf(t *testing.T, errs []error) configVerdict {
	require.NotEmpty(t, errs)
	v := configVerdict{stage: stageInvalid}
	for _, err := range errs {
		var f *field.Error
		require.ErrorAs(t, err, &f)
		v.paths = append(v.paths, f.Field)
		v.texts = append(v.texts, f.Error())
	}
	return v
}

// configRows are all rows, whose names are unique.
func configRows(t *testing.T) []configRow {
	rows := slices.Concat(
		formRows(), yamlRows(), strictRows(), shapeRows(), manyRows(),
		issuerRows(), discoveryRows(), authorityRows(t), audienceRows(), egressRows(),
		usernameRows(), groupsAndUIDRows(), extraRows(), emailRows(),
		claimRuleRows(), userRuleRows(), anonymousRows(), severalRows(),
	)
	seen := make(map[string]bool)
	for _, row := range rows {
		require.False(t, seen[row.name], "two rows %q", row.name)
		seen[row.name] = true
	}
	return rows
}
