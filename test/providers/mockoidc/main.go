// A provider of OpenID Connect for tests, made of somebody else's parts: signs in the person whom its arguments name, without a form.
package main

import (
	"fmt"
	"net"
	"os"

	"github.com/oauth2-proxy/mockoidc"
)

func main() {
	subject, email, client, secret := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	server, err := mockoidc.NewServer(nil)
	if err != nil {
		panic(err)
	}
	server.ClientID, server.ClientSecret = client, secret
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for range 100 {
		server.QueueUser(&mockoidc.MockUser{Subject: subject, Email: email, EmailVerified: true, PreferredUsername: subject})
	}
	if err := server.Start(listener, nil); err != nil {
		panic(err)
	}
	fmt.Println(server.Issuer())
	select {}
}
