package serviceaccount_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt/serviceaccount"
)

// In whatever way a token fails, nothing of it shows: in no error, note or trace.
func TestTokensAreSilent(t *testing.T) {
	issuer := newIssuer(t)
	legacyOne := legacyToken(issuer, nil)
	seen := map[authn.Reason]bool{}
	for _, spoil := range []func(*kubernetes){
		func(*kubernetes) {},
		func(k *kubernetes) { k.objects = nil },
		func(k *kubernetes) {
			for name := range k.objects {
				k.objects[name] = serviceaccount.Object{UID: "other", Token: []byte("c4n4ry")}
			}
		},
		func(k *kubernetes) {
			for name := range k.objects {
				k.errs[name] = errDown
			}
		},
		func(k *kubernetes) {
			k.objects["Secret default/web-token"] = serviceaccount.Object{UID: "s", Token: []byte(legacyOne), InvalidSince: "x"}
		},
	} {
		k := newKubernetes()
		spoil(k)
		auth := newAuth(t, keysOf(issuer), k, legacy)
		for _, token := range []string{
			legacyOne, legacyOne + "A", legacyToken(issuer, object{"sub": "x"}),
			issuer.Sign("ES256", bound(object{"pod": ref("web-1", "pod-uid")}), nil),
			issuer.Sign("ES256", bound(object{"pod": ref("WEB", "pod-uid")}), nil),
			issuer.Sign("ES256", with(bound(nil), object{"aud": "x"}), nil),
			issuer.Sign("ES256", with(bound(nil), object{"exp": 1}), nil),
			issuer.Sign("ES256", bound(nil), object{"kid": "x"}),
		} {
			trace := explain(auth, token)
			record, err := json.Marshal(trace.Result())
			require.NoError(t, err)
			resp, _, err := auth.AuthenticateToken(t.Context(), token)
			seen[authn.ReasonOf(err)] = true
			_, _, signature := cutToken(token)
			for _, text := range []string{trace.String(), string(record), fmt.Sprintf("%+v %#v", err, err), fmt.Sprintf("%+v", resp), fmt.Sprintf("%+v", k.objects)} {
				require.NotContains(t, text, token)
				require.NotContains(t, text, signature[:8])
				require.NotContains(t, text, "c4n4ry")
			}
		}
	}
	for _, reason := range []authn.Reason{"", authn.Revoked, authn.Unavailable, authn.Malformed, authn.WrongAudience, authn.Expired, authn.UnknownKey, authn.BadSignature} {
		require.True(t, seen[reason], "no token fails with %q", reason)
	}
}

func cutToken(token string) (header, payload, signature string) {
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ = strings.Cut(rest, ".")
	return header, payload, signature
}

// The pod's own token is in no error either, and neither is what a Secret holds.
func TestObjectsAreSilent(t *testing.T) {
	o := serviceaccount.Object{UID: "u", Token: []byte("c4n4ry"), Deleted: noon}
	text, err := json.Marshal(o)
	require.NoError(t, err)
	require.NotContains(t, string(text), "c4n4ry")
	require.NotContains(t, string(text), "YzRuNHJ5")
	require.Equal(t, `uid "u", deleted 2026-01-01T12:00:00Z`, fmt.Sprintf("%+v", o))

	s := newAPIServer(t)
	c := s.cluster(t)
	for _, own := range []string{"c4n4ry", "c4n4ry\x00", "c4n4ry c4n4ry", strings.Repeat("c4n4ry", 1<<12)} {
		s.write(t, "token", own)
		_, err := c.Object(t.Context(), serviceaccount.Reference{Kind: serviceaccount.Pod, Namespace: "default", Name: "none"})
		for ; err != nil; err = errors.Unwrap(err) {
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "c4n4ry")
		}
	}
}

// An error of the objects is cut short.
func TestLongErrors(t *testing.T) {
	issuer, k := newIssuer(t), newKubernetes()
	k.errs["ServiceAccount default/web"] = errors.New(strings.Repeat("x\n", 1<<16))
	got := ask(t, newAuth(t, keysOf(issuer), k), issuer.Sign("ES256", bound(nil), nil))
	require.Equal(t, authn.Unavailable, got.reason)
	require.LessOrEqual(t, len(got.text), 600)
	require.NotContains(t, got.text, "\n")
}
