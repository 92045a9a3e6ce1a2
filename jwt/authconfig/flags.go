package authconfig

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"k8s.io/apiserver/pkg/apis/apiserver"
)

// Flags are kube-apiserver's flags for one issuer, from before there were files.
type Flags struct {
	IssuerURL      string            // --oidc-issuer-url; required
	ClientID       string            // --oidc-client-id: the audience; required
	CAFile         string            // --oidc-ca-file; empty: the system's roots
	UsernameClaim  string            // --oidc-username-claim; empty: sub
	UsernamePrefix string            // --oidc-username-prefix; empty: IssuerURL and "#", unless UsernameClaim is email; "-": none
	GroupsClaim    string            // --oidc-groups-claim; empty: no groups
	GroupsPrefix   string            // --oidc-groups-prefix; empty: none
	RequiredClaims map[string]string // --oidc-required-claim; nil: none
	SigningAlgs    []string          // --oidc-signing-algs; none: RS256
}

// New returns the authenticator that the flags mean. o may be nil; it must not have
// Algorithms, which are SigningAlgs.
func (f Flags) New(o *Options) (*Authenticator, error) {
	c, algorithms, err := f.Configuration()
	if err != nil {
		return nil, err
	}
	var own Options
	if o != nil {
		own = *o
	}
	if own.Algorithms != nil {
		return nil, errors.New("authconfig: flags: Options.Algorithms: not together with flags, which have SigningAlgs")
	}
	own.Algorithms = algorithms
	return New(c, &own)
}

// Configuration returns the configuration that means the same, to write it to a
// file, and the algorithms, for which a file has no field ([Options].Algorithms).
// It reads CAFile. An error says that this cannot be read or a flag is missing;
// whether the rest is valid, [New] says.
func (f Flags) Configuration() (*apiserver.AuthenticationConfiguration, []string, error) {
	switch {
	case f.IssuerURL == "":
		return nil, nil, errors.New("authconfig: flags: IssuerURL (--oidc-issuer-url): required")
	case f.ClientID == "":
		return nil, nil, errors.New("authconfig: flags: ClientID (--oidc-client-id): required")
	}
	entry := apiserver.JWTAuthenticator{
		Issuer:        apiserver.Issuer{URL: f.IssuerURL, Audiences: []string{f.ClientID}},
		ClaimMappings: apiserver.ClaimMappings{Username: f.username()},
	}
	if f.GroupsClaim != "" {
		entry.ClaimMappings.Groups = apiserver.PrefixedClaimOrExpression{Claim: f.GroupsClaim, Prefix: &f.GroupsPrefix}
	}
	for _, claim := range slices.Sorted(maps.Keys(f.RequiredClaims)) {
		entry.ClaimValidationRules = append(entry.ClaimValidationRules, apiserver.ClaimValidationRule{Claim: claim, RequiredValue: f.RequiredClaims[claim]})
	}
	if f.CAFile != "" {
		authority, err := os.ReadFile(f.CAFile)
		if err != nil {
			return nil, nil, fmt.Errorf("authconfig: flags: CAFile: %w", err)
		}
		entry.Issuer.CertificateAuthority = string(authority)
	}
	algorithms := slices.Clone(f.SigningAlgs)
	if len(algorithms) == 0 {
		algorithms = []string{"RS256"}
	}
	return &apiserver.AuthenticationConfiguration{JWT: []apiserver.JWTAuthenticator{entry}}, algorithms, nil
}

func (f Flags) username() apiserver.PrefixedClaimOrExpression {
	claim, prefix := f.UsernameClaim, f.UsernamePrefix
	if claim == "" {
		claim = "sub"
	}
	switch {
	case prefix == "-":
		prefix = ""
	case prefix == "" && claim != "email":
		prefix = f.IssuerURL + "#"
	}
	return apiserver.PrefixedClaimOrExpression{Claim: claim, Prefix: &prefix}
}
