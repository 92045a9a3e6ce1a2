package awsauth_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/bearer/eks"
	"github.com/authnchain/authnchain/bearer/eks/awsauth"
)

// kubectl prints a ConfigMap that eksctl and people have written so.
const kubectl = `apiVersion: v1
data:
  mapAccounts: |
    []
  mapRoles: |
    # managed nodes
    - groups:
      - system:bootstrappers
      - system:nodes
      rolearn: arn:aws:iam::111122223333:role/eksctl-prod-NodeInstanceRole-1A2B3C # not the instance profile
      username: system:node:{{EC2PrivateDNSName}}

    # pods on Fargate
    - groups:
      - system:bootstrappers
      - system:nodes
      - system:node-proxier
      rolearn: arn:aws:iam::111122223333:role/eksctl-prod-FargatePodExecutionRole
      username: system:node:{{SessionName}}
    - rolearn: arn:aws:iam::111122223333:role/AWSReservedSSO_Admins_0123456789abcdef
      username: >-
        admin:{{AccountID}}:{{SessionName}}
      groups: ['system:masters']
  mapUsers: |
    - userarn: arn:aws:iam::111122223333:user/admin
      username: admin
      groups:
        - system:masters
    - userarn:  arn:aws:iam::111122223333:user/ops-user
      username: ops-user
immutable: false
kind: ConfigMap
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","data":{"mapRoles":"- rolearn: x"},"kind":"ConfigMap"}
  creationTimestamp: "2026-01-05T10:11:12Z"
  name: aws-auth
  namespace: kube-system
  resourceVersion: "1234"
  uid: 0f1e2d3c-0000-4000-8000-000000000000
`

// kubectlJSON is as tools write the lists: in JSON, in one line.
const kubectlJSON = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"aws-auth","namespace":"kube-system","labels":null},"data":{
"mapRoles":"[{\"rolearn\":\"arn:aws:iam::111122223333:role/eksctl-prod-NodeInstanceRole-1A2B3C\",\"username\":\"system:node:{{EC2PrivateDNSName}}\",\"groups\":[\"system:bootstrappers\",\"system:nodes\"]}]",
"mapUsers":"[]","mapAccounts":"[\"012345678901\",\"444455556666\"]"}}`

func TestManifests(t *testing.T) {
	const dns = "ip-10-0-0-1.eu-west-1.compute.internal"
	nodes := []string{"system:bootstrappers", "system:nodes"}
	tests := []struct {
		manifest, name string
		id             eks.Identity
		want           *user.DefaultInfo
	}{
		{kubectl, "a node", session("eksctl-prod-NodeInstanceRole-1A2B3C", "i-0123456789abcdef0"), &user.DefaultInfo{Name: "system:node:" + dns, Groups: nodes}},
		{kubectl, "Fargate", session("eksctl-prod-FargatePodExecutionRole", "fargate-ip-10-0-0-2.eu-west-1.compute.internal"), &user.DefaultInfo{Name: "system:node:fargate-ip-10-0-0-2.eu-west-1.compute.internal", Groups: append(nodes[:2:2], "system:node-proxier")}},
		{kubectl, "SSO", session("AWSReservedSSO_Admins_0123456789abcdef", "jane@example.com"), &user.DefaultInfo{Name: "admin:111122223333:jane-example.com", Groups: []string{"system:masters"}}},
		{kubectl, "a user", person("arn:aws:iam::111122223333:user/admin", "111122223333"), &user.DefaultInfo{Name: "admin", Groups: []string{"system:masters"}}},
		{kubectl, "without groups", person("arn:aws:iam::111122223333:user/ops-user", "111122223333"), &user.DefaultInfo{Name: "ops-user"}},
		{kubectlJSON, "a node", session("eksctl-prod-NodeInstanceRole-1A2B3C", "i-0123456789abcdef0"), &user.DefaultInfo{Name: "system:node:" + dns, Groups: nodes}},
		{kubectlJSON, "an account", person("arn:aws:iam::012345678901:user/Joe", "012345678901"), &user.DefaultInfo{Name: "arn:aws:iam::012345678901:user/Joe"}},
	}
	for _, tt := range tests {
		for ending, text := range map[string]string{"": tt.manifest, ", CRLF": strings.ReplaceAll(tt.manifest, "\n", "\r\n")} {
			t.Run(tt.name+ending, func(t *testing.T) {
				m, err := awsauth.Parse([]byte(text), &awsauth.Options{PrivateDNSName: func(context.Context, eks.Identity) (string, error) { return dns, nil }})
				require.NoError(t, err)
				require.Empty(t, m.Warnings())
				got, err := m.User(t.Context(), tt.id)
				require.NoError(t, err)
				require.Equal(t, tt.want, got)
			})
		}
	}
}
