package authconfig_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/apis/apiserver"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt/authconfig"
)

// An issuer that says by which way it is reached is reached by that way.
func TestEgress(t *testing.T) {
	i := authntest.NewIssuer(t)
	address := strings.TrimPrefix(i.URL(), "https://")
	var dialled atomic.Int32
	var asked []apiserver.EgressSelectorType
	o := &authconfig.Options{Egress: func(kind apiserver.EgressSelectorType) (authconfig.Dialer, error) {
		asked = append(asked, kind)
		if kind == apiserver.EgressSelectorCluster {
			return nil, nil
		}
		return func(ctx context.Context, network, to string) (net.Conn, error) {
			if to != address {
				return nil, errors.New("nobody lives there")
			}
			dialled.Add(1)
			return (&net.Dialer{}).DialContext(ctx, network, to)
		}, nil
	}}
	with := func(kind string) string {
		return strings.Replace(config(entry(i, bySub)), "    audiences", "    egressSelectorType: "+kind+"\n    audiences", 1)
	}
	requireUser(t, parse(t, with("controlplane"), o), i.Token(claims(nil)), info{Name: "jane"})
	require.NotZero(t, dialled.Load())
	require.Contains(t, asked, apiserver.EgressSelectorControlPlane)
	_, err := authconfig.Parse([]byte(with("cluster")), o)
	require.EqualError(t, err, `authconfig: jwt[0].issuer.egressSelectorType: Invalid value: "cluster": Options.Egress knows no such way`)
	_, err = authconfig.Parse([]byte(with("controlplane")), nil)
	require.EqualError(t, err, `authconfig: jwt[0].issuer.egressSelectorType: Invalid value: "controlplane": there is no Options.Egress to reach it by`)
	before := dialled.Load()
	requireUser(t, parse(t, config(entry(i, bySub)), o), i.Token(claims(nil)), info{Name: "jane"})
	require.Equal(t, before, dialled.Load(), "one that does not say is reached directly")
}
